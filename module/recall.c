/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "recall.h"

/*! Most instances and most templates that are remembered; the oldest one is replaced. */
#define MOST 32

/*! \brief What was read, and where the configuration has it (NULL if there is nothing). */
typedef struct {
	const void *address;
	mxp_settings_t settings;
} instance_t;

/*! \brief The same of a template. */
typedef struct {
	const void *address;
	mxp_dnssec_t dnssec;
} template_t;

static struct {
	pthread_mutex_t lock; /*!< Guards all below; no query takes it. */
	const void *host;     /*!< Which configuration it was read of: the host's name. */
	pthread_t thread;     /*!< Who alone remembers and recalls: who has checked last. */
	bool is_taken;        /*!< There is one. */
	size_t zones;
	size_t instance_count; /*!< How many were ever remembered. */
	size_t template_count;
	instance_t instances[MOST];
	template_t templates[MOST];
} recall = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void forget_instance(instance_t *instance)
{
	if (instance->address != NULL) {
		mxp_settings_clear(&instance->settings);
		instance->address = NULL;
	}
}

static void forget_template(template_t *template)
{
	if (template->address != NULL) {
		free(template->dnssec.keystores);
		template->address = NULL;
	}
}

static void forget(void)
{
	for (size_t i = 0; i < MOST; i++) {
		forget_instance(&recall.instances[i]);
		forget_template(&recall.templates[i]);
	}
}

static void take(void)
{
	recall.thread = pthread_self();
	recall.is_taken = true;
}

/*!
 * \brief Locks, and forgets what was read of another configuration.
 *
 * \return False if nothing can be remembered of this one, or found in it.
 */
static bool begin(knotd_mod_t *mod, const void *address)
{
	const void *host = knotd_conf_env(mod, KNOTD_CONF_ENV_HOSTNAME).single.string;

	pthread_mutex_lock(&recall.lock);
	if (!recall.is_taken) { // A server that starts with a database has checked nothing.
		take();
	}
	if (!pthread_equal(recall.thread, pthread_self())) {
		return false;
	}
	if (host != recall.host) {
		forget();
		recall.host = host;
	}
	return host != NULL && address != NULL;
}

static void end(void)
{
	pthread_mutex_unlock(&recall.lock);
}

static instance_t *find_instance(const void *address)
{
	size_t i = 0;
	while (i < MOST && recall.instances[i].address != address) {
		i++;
	}
	return i < MOST ? &recall.instances[i] : NULL;
}

bool mxp_recall_settings(knotd_mod_t *mod, const void *address, mxp_settings_t *out)
{
	const instance_t *found = begin(mod, address) ? find_instance(address) : NULL;
	bool good = false;
	if (found != NULL) {
		good = mxp_settings_copy(&found->settings, out);
		if (!good) {
			mxp_settings_clear(out);
		}
	}
	end();
	return good;
}

void mxp_remember_settings(knotd_mod_t *mod, const void *address, const mxp_settings_t *settings)
{
	if (begin(mod, address) && find_instance(address) == NULL) {
		instance_t *instance = &recall.instances[recall.instance_count++ % MOST];
		forget_instance(instance);
		if (mxp_settings_copy(settings, &instance->settings)) {
			instance->address = address;
		} else {
			mxp_settings_clear(&instance->settings);
		}
	}
	end();
}

static template_t *find_template(const void *address)
{
	size_t i = 0;
	while (i < MOST && recall.templates[i].address != address) {
		i++;
	}
	return i < MOST ? &recall.templates[i] : NULL;
}

static bool copy_dnssec(const mxp_dnssec_t *from, mxp_dnssec_t *to)
{
	*to = *from;
	if (from->keystores != NULL) {
		to->keystores = strdup(from->keystores);
	}
	return (to->keystores == NULL) == (from->keystores == NULL);
}

bool mxp_recall_dnssec(knotd_mod_t *mod, const void *address, mxp_dnssec_t *out)
{
	const template_t *found = begin(mod, address) ? find_template(address) : NULL;
	const bool good = found != NULL && copy_dnssec(&found->dnssec, out);
	end();
	return good;
}

void mxp_remember_dnssec(knotd_mod_t *mod, const void *address, const mxp_dnssec_t *dnssec)
{
	if (begin(mod, address) && find_template(address) == NULL) {
		template_t *template = &recall.templates[recall.template_count++ % MOST];
		forget_template(template);
		if (copy_dnssec(dnssec, &template->dnssec)) {
			template->address = address;
		}
	}
	end();
}

void mxp_recall_checked(void)
{
	pthread_mutex_lock(&recall.lock);
	forget();
	take();
	pthread_mutex_unlock(&recall.lock);
}

void mxp_recall_join(void)
{
	pthread_mutex_lock(&recall.lock);
	recall.zones++;
	pthread_mutex_unlock(&recall.lock);
}

void mxp_recall_leave(void)
{
	pthread_mutex_lock(&recall.lock);
	if (--recall.zones == 0) {
		forget();
	}
	pthread_mutex_unlock(&recall.lock);
}
