/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <pthread.h>
#include <stdio.h>

#include "recall.h"
#include "unit.h"

/*! More instances and templates than are remembered. */
#define MANY 100

/* The configuration: all that is known of it is where its host's name is. */

static const char hosts[2][8] = { "ns", "ns" };
static const char *host;

knotd_conf_t knotd_conf_env(knotd_mod_t *mod, knotd_conf_env_t env)
{
	assert_null(mod);
	assert_int_equal(env, KNOTD_CONF_ENV_HOSTNAME);
	return (knotd_conf_t){ .single = { .string = host }, .count = 1 };
}

/*! Places in a configuration. */
static char places[MANY];

static mxp_settings_t settings_of(const char *builtin)
{
	return (mxp_settings_t){ .file = "map", .rules = { .builtin = builtin } };
}

static void remember(const void *place, const char *text)
{
	const mxp_settings_t settings = settings_of(text);
	mxp_remember_settings(NULL, place, &settings);
	const mxp_dnssec_t dnssec = { .keystores = (char *)text, .signing = true, .max_ttl = 7 };
	mxp_remember_dnssec(NULL, place, &dnssec);
}

/*! \brief Checks that both are recalled with a text, or that neither is. */
static void expect(const void *place, const char *text)
{
	mxp_settings_t settings;
	assert_int_equal(mxp_recall_settings(NULL, place, &settings), text != NULL);
	mxp_dnssec_t dnssec;
	assert_int_equal(mxp_recall_dnssec(NULL, place, &dnssec), text != NULL);
	if (text == NULL) {
		return;
	}
	const mxp_settings_t expected = settings_of(text);
	assert_int_equal(mxp_settings_cmp(&settings, &expected), 0);
	assert_string_equal(dnssec.keystores, text);
	assert_true(dnssec.signing);
	assert_int_equal(dnssec.max_ttl, 7);
	mxp_settings_clear(&settings);
	free(dnssec.keystores);
}

static int begin(void **state)
{
	(void)state;
	host = hosts[0];
	mxp_recall_join();
	return 0;
}

static int end(void **state)
{
	(void)state;
	mxp_recall_leave();
	return 0;
}

static void recalls_by_place(void **state)
{
	(void)state;
	char text[] = "house";
	expect(&places[0], NULL);
	remember(&places[0], text);
	remember(&places[1], "gandi");
	text[0] = 'x'; // It is a copy.
	for (size_t i = 0; i < 3; i++) {
		expect(&places[0], "house");
		expect(&places[1], "gandi");
		expect(&places[2], NULL);
	}
}

static void forgets_another_configuration(void **state)
{
	(void)state;
	remember(&places[0], "house");
	host = hosts[1];
	expect(&places[0], NULL);
	// Also when there is one again where the first one was.
	host = hosts[0];
	expect(&places[0], NULL);
}

static void forgets_at_a_check(void **state)
{
	(void)state;
	remember(&places[0], "house");
	mxp_recall_checked();
	expect(&places[0], NULL);
	remember(&places[0], "gandi");
	expect(&places[0], "gandi");
}

/*! \brief What a thread does that restores a zone: recalls, or reads and remembers. */
static void *restore(void *recalled)
{
	mxp_settings_t settings;
	*(bool *)recalled = mxp_recall_settings(NULL, &places[0], &settings);
	if (*(bool *)recalled) {
		mxp_settings_clear(&settings);
	} else {
		remember(&places[0], "house");
	}
	return NULL;
}

static bool recalls_aside(void)
{
	bool recalled = false;
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, restore, &recalled), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	return recalled;
}

static void recalls_for_who_has_checked(void **state)
{
	(void)state;
	mxp_recall_checked();
	// Between a check and the change, somebody else has the configuration before.
	assert_false(recalls_aside());
	expect(&places[0], NULL);
	remember(&places[0], "gandi");
	assert_false(recalls_aside());
	expect(&places[0], "gandi");
}

static void forgets_with_the_last_zone(void **state)
{
	(void)state;
	mxp_recall_join();
	remember(&places[0], "house");
	mxp_recall_leave();
	expect(&places[0], "house");
	mxp_recall_leave();
	mxp_recall_join();
	expect(&places[0], NULL);
}

static void replaces_the_oldest(void **state)
{
	(void)state;
	char text[16];
	for (size_t i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "preset%zu", i);
		remember(&places[i], text);
		expect(&places[i], text);
	}
	expect(&places[0], NULL);
	expect(&places[MANY - 1], "preset99");
	expect(&places[MANY - 2], "preset98");
}

static void keeps_the_first(void **state)
{
	(void)state;
	remember(&places[0], "house"); // As two threads can do.
	remember(&places[0], "house");
	expect(&places[0], "house");
}

static void remembers_nothing_of_the_unknown(void **state)
{
	(void)state;
	remember(NULL, "house");
	expect(NULL, NULL);
	host = NULL;
	remember(&places[0], "house");
	expect(&places[0], NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(recalls_by_place),
		TEST(forgets_another_configuration),
		TEST(forgets_at_a_check),
		TEST(recalls_for_who_has_checked),
		TEST(forgets_with_the_last_zone),
		TEST(replaces_the_oldest),
		TEST(keeps_the_first),
		TEST(remembers_nothing_of_the_unknown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
