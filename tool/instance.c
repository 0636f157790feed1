/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdlib.h>
#include <string.h>

#include <libknot/errcode.h>
#include <libknot/error.h>

#include "conf.h"
#include "instance.h"
#include "names.h"
#include "reader.h"
#include "text.h"

#define DEFAULT_BUILTIN "house"

static void set(char **text, const char *value)
{
	free(*text);
	*text = need(strdup(value));
}

instance_t instance_default(const char *file, const char *builtin)
{
	return (instance_t){
		.active = true,
		.file = need(strdup(file != NULL ? file : CONFIG_DIR "/mx-presets.zone")),
		.rules = {
			.builtin = name_of_preset(builtin != NULL ? builtin : DEFAULT_BUILTIN),
			.marker = true,
			.filter = true,
		},
	};
}

/*! \brief What the server tells about a zone. */
typedef struct {
	bool follows;
	char *catalog;
} status_t;

static void read_status_unit(const knot_ctl_data_t *unit, void *ctx)
{
	status_t *status = ctx;
	const char *type = (*unit)[KNOT_CTL_IDX_TYPE];
	const char *data = (*unit)[KNOT_CTL_IDX_DATA];
	if (type == NULL || data == NULL) {
		return;
	}
	if (strcmp(type, "role") == 0) {
		status->follows = (strcmp(data, "slave") == 0);
	} else if (strcmp(type, "catalog") == 0 && strcmp(data, "-") != 0) {
		set(&status->catalog, data);
	}
}

static void add_param(mxp_rules_t *rules, const char *value)
{
	const size_t count = rules->param_count;
	mxp_param_t *params =
		need(realloc((void *)rules->params, (count + 1) * sizeof(*rules->params)));
	params[count] = mxp_span_split(mxp_span(need(strdup(value))));
	rules->params = params;
	rules->param_count = count + 1;
}

void instance_set(instance_t *instance, const char *item, const char *value)
{
	mxp_rules_t *rules = &instance->rules;
	const bool on = (strcmp(value, "on") == 0);
	if (strcmp(item, "map-file") == 0) {
		set(&instance->file, value);
	} else if (strcmp(item, "builtin") == 0) {
		set((char **)&rules->builtin, value);
	} else if (strcmp(item, "preset") == 0) {
		set((char **)&rules->preset, value);
	} else if (strcmp(item, "param") == 0) {
		add_param(rules, value);
	} else if (strcmp(item, "marker") == 0) {
		rules->marker = on;
	} else if (strcmp(item, "filter") == 0) {
		rules->filter = on;
	} else if (strcmp(item, "spf") == 0) {
		rules->spf = on;
	} else if (strcmp(item, "dnssec") == 0) {
		instance->leaves_signed = (strcmp(value, "off") == 0);
	}
}

static void read_item(const knot_ctl_data_t *unit, void *ctx)
{
	const char *value;
	const char *item = conf_item(unit, &value);
	instance_set(ctx, item, value);
}

/*! \brief Asks the server for the zone's role and catalog. */
static bool read_status(control_t *control, status_t *status)
{
	knot_ctl_data_t request = {
		[KNOT_CTL_IDX_CMD] = "zone-status",
		[KNOT_CTL_IDX_ZONE] = control->zone,
	};
	if (control_call(control, &request, read_status_unit, status)) {
		return true;
	}
	if (strcmp(control->error, knot_strerror(KNOT_ENOZONE)) == 0) {
		text_error("ZONE '%s' is not one of the server's zones; write the name of the "
		           "whole zone, without a host before it",
		           control->zone);
	} else {
		text_error("ZONE '%s': %s", control->zone, control->error);
	}
	return false;
}

/*! \brief Reads what the configuration says of the zone, and of what it takes that from. */
static bool read_conf(control_t *control, const char *catalog, conf_t *conf)
{
	bool done =
		conf_read_templates(control, conf) && conf_read_zone(control, control->zone, conf);
	if (done && catalog != NULL) {
		char *name = conf_catalog_name(catalog);
		done = conf_read_zone(control, name, conf);
		free(name);
	}
	return done;
}

void instance_suit(instance_t *instance, const conf_zone_t *zone, bool follows)
{
	instance->active = (zone->module != NULL);
	instance->follows = follows;
	instance->is_catalog = zone->is_catalog;
	instance->leaves_signed |= !zone->signing;
}

bool instance_read(control_t *control, const char *file, const char *builtin, instance_t *instance)
{
	*instance = instance_default(NULL, NULL);
	status_t status = { .catalog = NULL };
	conf_t conf = { .zones = NULL };
	conf_zone_t zone = { .module = NULL };
	bool done = read_status(control, &status);
	if (done) {
		done = read_conf(control, status.catalog, &conf);
		zone = conf_find(&conf, control->zone, status.catalog);
		done = done &&
		       (zone.module == NULL ||
		        conf_read(control, "mod-mxpreset", zone.module, NULL, read_item, instance));
		if (!done) {
			text_error("ZONE '%s': its configuration cannot be read: %s", control->zone,
			           control->error);
		}
	}
	instance_suit(instance, &zone, status.follows);
	conf_free(&conf);
	free(status.catalog);

	if (file != NULL) {
		set(&instance->file, file);
		instance->active = true;
	}
	if (builtin != NULL) {
		free((void *)instance->rules.builtin);
		instance->rules.builtin = name_of_preset(builtin);
		instance->active = true;
	}
	return done;
}

void instance_load(instance_t *instance)
{
	if (!instance->active) {
		return;
	}
	mxp_first_error_t first = { .count = 0 };
	if (mxp_map_load(&instance->map, instance->file, mxp_first_error_add, &first) != KNOT_EOK) {
		text_place(instance->file, first.line, first.reason);
		instance->map_wrong = true;
	}
}

char *instance_doubt(const instance_t *instance)
{
	if (!instance->active) {
		return NULL;
	}
	if (instance->map == NULL) {
		return text_format("its preset map cannot be read, so the server may serve it by "
		                   "the last good one");
	}
	const mxp_rules_t *rules = &instance->rules;
	const mxp_view_t view = mxp_view(rules, instance->map);
	const char *missing = mxp_view_lacks(&view, rules);
	return missing == NULL ? NULL
	                       : text_format("its preset map lacks '%s', so the server may serve "
	                                     "it by the one before",
	                                     missing);
}

void instance_free(instance_t *instance)
{
	for (size_t i = 0; i < instance->rules.param_count; i++) {
		free((void *)instance->rules.params[i].name.data);
	}
	free((void *)instance->rules.params);
	free((void *)instance->rules.builtin);
	free((void *)instance->rules.preset);
	free(instance->file);
	mxp_map_free(instance->map);
	*instance = (instance_t){ .active = false };
}
