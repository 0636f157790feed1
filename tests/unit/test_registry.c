/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <pthread.h>
#include <syslog.h>
#include <unistd.h>
#include <urcu.h>

#include "registry.h"
#include "unit.h"

static char folder[64];
static char path[96];
static char other_path[96];

/*! \brief What was logged since the last #clear_logs. */
static struct {
	size_t infos, errors, others;
	char last[1024];
} logs;

static void take_log(void *ctx, int priority, const char *message)
{
	assert_ptr_equal(ctx, &logs);
	logs.infos += (priority == LOG_INFO);
	logs.errors += (priority == LOG_ERR);
	logs.others += (priority != LOG_INFO && priority != LOG_ERR);
	snprintf(logs.last, sizeof(logs.last), "%s", message);
}

static void ignore_log(void *ctx, int priority, const char *message)
{
	(void)ctx;
	(void)priority;
	(void)message;
}

/*! \brief Checks what was logged, and forgets it. */
static void expect_logs(size_t infos, size_t errors)
{
	if (logs.infos != infos || logs.errors != errors) {
		print_message("# %s\n", logs.last);
	}
	assert_int_equal(logs.infos, infos);
	assert_int_equal(logs.errors, errors);
	assert_int_equal(logs.others, 0);
	memset(&logs, 0, sizeof(logs));
}

/*! \brief Checks that one error was logged whose line holds all words. */
static void expect_error(const char *word1, const char *word2, const char *word3)
{
	assert_non_null(strstr(logs.last, path));
	assert_non_null(strstr(logs.last, word1));
	assert_non_null(strstr(logs.last, word2));
	assert_non_null(strstr(logs.last, word3));
	expect_logs(0, 1);
}

static void write_in_place(const char *file, const char *text)
{
	FILE *out = fopen(file, "w");
	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static void write_map(const char *text)
{
	char aside[128];
	snprintf(aside, sizeof(aside), "%s.new", path);
	write_in_place(aside, text);
	assert_int_equal(rename(aside, path), 0);
}

#define MAP \
	"house MX 10 mx.house.test.\ngandi MX 10 a.test.\ngandi MX 20 b.test.\nours CNAME house\n"
#define NEW_MAP "house MX 10 new.house.test.\ngandi MX 10 a.test.\n"
#define BAD_MAP "house MX 10 mx.house.test.\nhouse MX 10 mx\nhouse MX 10 my\nhouse A 192.0.2.1\n"

static int make_files(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/mxpreset-XXXXXX");
	if (mkdtemp(folder) == NULL) {
		return -1;
	}
	snprintf(path, sizeof(path), "%s/map", folder);
	snprintf(other_path, sizeof(other_path), "%s/other", folder);
	memset(&logs, 0, sizeof(logs));
	write_map(MAP);
	write_in_place(other_path, MAP);
	return 0;
}

static int remove_files(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)unlink(other_path);
	return rmdir(folder);
}

static mxp_settings_t settings(void)
{
	return (mxp_settings_t){
		.file = path,
		.rules = { .builtin = "house", .marker = true, .filter = true },
	};
}

static mxp_instance_t *get(mxp_settings_t set)
{
	mxp_instance_t *instance = mxp_instance_get(&set, take_log, &logs);
	assert_non_null(instance);
	assert_non_null(instance->view);
	return instance;
}

/*! \brief Gets and puts, as a reload does. */
static void reload(void)
{
	mxp_instance_put(get(settings()));
}

/*! \brief Checks which map an instance has, by the first exchange of its built-in. */
static void expect_exchange(const mxp_instance_t *instance, const char *exchange)
{
	knot_dname_storage_t name;
	assert_non_null(instance->view->map);
	assert_non_null(instance->view->builtin);
	assert_true(knot_dname_is_equal(instance->view->builtin->mx[0].exchange,
	                                make_name(exchange, name)));
}

static void shares_what_is_equal(void **state)
{
	(void)state;
	mxp_param_t params1[] = { { mxp_span("id"), mxp_span("x") },
		                  { mxp_span("n"), mxp_span("1") } };
	mxp_settings_t set = settings();
	set.rules.preset = "gandi";
	set.rules.params = params1;
	set.rules.param_count = COUNT(params1);
	mxp_instance_t *first = get(set);
	expect_logs(1, 0);

	// Equal by content, not by address.
	char file[sizeof(path)], builtin[] = "house", preset[] = "gandi", id[] = "id", x[] = "x";
	mxp_param_t params2[] = { { mxp_span(id), mxp_span(x) }, { mxp_span("n"), mxp_span("1") } };
	memcpy(file, path, sizeof(path));
	set.file = file;
	set.rules.builtin = builtin;
	set.rules.preset = preset;
	set.rules.params = params2;
	mxp_instance_t *second = get(set);
	assert_ptr_equal(first, second);
	assert_int_equal(first->references, 2);
	expect_logs(0, 0);

	// The settings are copies.
	memset(file, 'x', sizeof(file) - 1);
	memset(builtin, 'x', sizeof(builtin) - 1);
	memset(preset, 'x', sizeof(preset) - 1);
	memset(id, 'x', sizeof(id) - 1);
	x[0] = 'y';
	mxp_instance_put(first);
	assert_int_equal(second->references, 1);
	assert_string_equal(second->settings.file, path);
	assert_string_equal(second->settings.rules.builtin, "house");
	assert_string_equal(second->settings.rules.preset, "gandi");
	assert_int_equal(second->settings.rules.param_count, 2);
	assert_memory_equal(second->settings.rules.params[0].name.data, "id", 2);
	assert_memory_equal(second->settings.rules.params[0].value.data, "x", 1);
	mxp_instance_put(second);
}

static void keeps_apart_what_differs(void **state)
{
	(void)state;
	static const mxp_param_t id_x = { { (const uint8_t *)"id", 2 },
		                          { (const uint8_t *)"x", 1 } };
	static const mxp_param_t id_y = { { (const uint8_t *)"id", 2 },
		                          { (const uint8_t *)"y", 1 } };
	static const mxp_param_t ix_x = { { (const uint8_t *)"ix", 2 },
		                          { (const uint8_t *)"x", 1 } };
	static const mxp_param_t id_xx = { { (const uint8_t *)"id", 2 },
		                           { (const uint8_t *)"xx", 2 } };
	mxp_settings_t sets[14];
	for (size_t i = 0; i < COUNT(sets); i++) {
		sets[i] = settings();
	}
	sets[1].rules.builtin = "gandi";
	sets[2].rules.builtin = "ours";
	sets[3].rules.preset = "gandi";
	sets[4].rules.preset = "house";
	sets[5].rules.marker = false;
	sets[6].rules.filter = false;
	sets[7].ede = true;
	sets[8].statistics = true;
	sets[9].rotation = true;
	const mxp_param_t *params[] = { &id_x, &id_y, &ix_x, &id_xx };
	for (size_t i = 0; i < COUNT(params); i++) {
		sets[10 + i].rules.params = params[i];
		sets[10 + i].rules.param_count = 1;
	}

	mxp_instance_t *instances[COUNT(sets)];
	for (size_t i = 0; i < COUNT(sets); i++) {
		instances[i] = get(sets[i]);
		for (size_t j = 0; j < i; j++) {
			assert_ptr_not_equal(instances[j], instances[i]);
			// All of them share one map.
			assert_ptr_equal(instances[j]->view->map, instances[i]->view->map);
		}
	}
	expect_logs(1, 0);
	assert_ptr_equal(instances[2]->view->builtin, instances[0]->view->builtin);
	assert_null(instances[0]->view->preset);
	assert_string_equal(instances[3]->view->preset->name, "gandi");
	for (size_t i = 0; i < COUNT(sets); i++) {
		mxp_instance_put(instances[i]);
	}
}

static void keeps_files_apart(void **state)
{
	(void)state;
	mxp_settings_t other = settings();
	other.file = other_path;
	mxp_instance_t *instance1 = get(settings());
	mxp_instance_t *instance2 = get(other);
	assert_ptr_not_equal(instance1, instance2);
	assert_ptr_not_equal(instance1->view->map, instance2->view->map);
	expect_logs(2, 0);

	write_map(NEW_MAP);
	reload();
	expect_exchange(instance1, "new.house.test.");
	expect_exchange(instance2, "mx.house.test.");
	mxp_instance_put(instance1);
	mxp_instance_put(instance2);
}

static void logs_the_counts(void **state)
{
	(void)state;
	reload();
	assert_non_null(strstr(logs.last, path));
	assert_non_null(strstr(logs.last, "2 presets")); // The alias is none.
	assert_non_null(strstr(logs.last, "3 records"));
	expect_logs(1, 0);
}

static void last_put_forgets_the_file(void **state)
{
	(void)state;
	reload();
	expect_logs(1, 0);
	reload(); // Read again, so it was forgotten.
	expect_logs(1, 0);

	mxp_instance_t *instance = get(settings());
	mxp_settings_t set = settings();
	set.ede = true;
	mxp_instance_t *another = get(set);
	expect_logs(1, 0);
	mxp_instance_put(instance);
	expect_exchange(another, "mx.house.test.");
	reload(); // Still in use by the other one.
	expect_logs(0, 0);
	mxp_instance_put(another);
	mxp_instance_put(NULL);
}

static void takes_a_changed_file(void **state)
{
	(void)state;
	mxp_settings_t set = settings();
	set.rules.preset = "gandi";
	mxp_instance_t *instance1 = get(settings());
	mxp_instance_t *instance2 = get(set);
	expect_logs(1, 0);

	reload(); // Nothing has changed.
	expect_logs(0, 0);
	expect_exchange(instance1, "mx.house.test.");

	write_map(NEW_MAP);
	reload();
	expect_logs(1, 0);
	expect_exchange(instance1, "new.house.test.");
	expect_exchange(instance2, "new.house.test.");
	assert_ptr_equal(instance1->view->map, instance2->view->map);
	assert_int_equal(instance2->view->preset->mx_count, 1);

	write_in_place(path, MAP);
	reload();
	expect_logs(1, 0);
	expect_exchange(instance1, "mx.house.test.");

	// A symbolic link that is moved.
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(other_path, path), 0);
	write_in_place(other_path, NEW_MAP);
	reload();
	expect_logs(1, 0);
	expect_exchange(instance1, "new.house.test.");
	mxp_instance_put(instance1);
	mxp_instance_put(instance2);
}

/*! \brief Changes of one octet, of the same size, one hard upon the other. */
static void takes_every_quick_change(void **state)
{
	(void)state;
	mxp_instance_t *instance = get(settings());
	for (unsigned i = 0; i < 100; i++) {
		char text[64], exchange[32];
		snprintf(exchange, sizeof(exchange), "mx%u.house.test.", i % 10);
		snprintf(text, sizeof(text), "house MX 10 %s\n", exchange);
		write_in_place(path, text);
		reload();
		expect_exchange(instance, exchange);
	}
	mxp_instance_put(instance);
}

/*! \brief A change that cannot be taken, and the words of its error line. */
typedef struct {
	const char *name;
	const char *text; /*!< NULL: the file is gone. */
	const char *words[3];
} refused_t;

static const refused_t refused[] = {
	{ "keeps serving beside an invalid map",
	  BAD_MAP,
	  { "map:2: ", "final dot", "and 2 more" } },
	{ "keeps serving beside one error",
	  "house MX 1 mx\n",
	  { "map:1: ", "final dot", "last good" } },
	{ "keeps serving beside a cut off map",
	  "house MX 1 mx.house.test.\ngandi M",
	  { "map:2: ", "newline", "" } },
	{ "keeps serving beside an empty map", "", { "empty", "", "" } },
	{ "keeps serving beside a map of comments", "; none\n", { "no preset", "", "" } },
	{ "keeps serving beside a map without the built-in",
	  "gandi MX 1 a.test.\n",
	  { "builtin", "'house'", "" } },
	{ "keeps serving beside a map without the preset",
	  "house MX 1 a.test.\n",
	  { "preset", "'gandi'", "" } },
	{ "keeps serving beside a map without both",
	  "x MX 1 a.test.\n",
	  { "builtin", "'house'", "and 1 more error)" } },
	{ "keeps serving without a file", NULL, { "", "", "" } },
};

static void check_refused(void **state)
{
	const refused_t *row = *state;
	mxp_settings_t set = settings();
	set.rules.preset = "gandi";
	mxp_instance_t *instance = get(set);
	const mxp_map_t *map = instance->view->map;
	expect_logs(1, 0);

	if (row->text != NULL) {
		write_map(row->text);
	} else {
		assert_int_equal(unlink(path), 0);
	}
	mxp_instance_put(get(set));
	if (logs.errors == 1) {
		print_message("# %s\n", logs.last);
	}
	expect_error(row->words[0], row->words[1], row->words[2]);
	assert_ptr_equal(instance->view->map, map);
	expect_exchange(instance, "mx.house.test.");
	assert_string_equal(instance->view->preset->name, "gandi");

	// The same file once more says nothing new.
	mxp_instance_put(get(set));
	expect_logs(0, 0);

	// Repaired, it is taken.
	write_map(NEW_MAP);
	mxp_instance_put(get(set));
	expect_logs(1, 0);
	expect_exchange(instance, "new.house.test.");
	mxp_instance_put(instance);
}

static void starts_without_a_good_map(void **state)
{
	(void)state;
	write_map(BAD_MAP);
	mxp_instance_t *instance = get(settings());
	expect_error("map:2: ", "final dot", "and 2 more");
	assert_null(instance->view->map);
	assert_null(instance->view->builtin);

	assert_int_equal(unlink(path), 0);
	reload();
	expect_logs(0, 1);
	assert_null(instance->view->map);

	write_map(MAP);
	reload();
	expect_logs(1, 0);
	expect_exchange(instance, "mx.house.test.");
	mxp_instance_put(instance);
}

/*! \brief A map that never had a built-in may go on without it. */
static void starts_without_the_builtin(void **state)
{
	(void)state;
	write_map("gandi MX 10 a.test.\n");
	mxp_instance_t *instance = get(settings());
	expect_logs(1, 1);
	assert_non_null(instance->view->map);
	assert_null(instance->view->builtin);

	write_map("gandi MX 10 b.test.\n");
	reload();
	assert_non_null(strstr(logs.last, "preset map loaded"));
	expect_logs(1, 1);
	assert_null(instance->view->builtin);

	write_map(MAP);
	reload();
	expect_logs(1, 0);
	expect_exchange(instance, "mx.house.test.");
	mxp_instance_put(instance);
}

/*! \brief A preset that only instances of the past had used can go. */
static void lets_go_what_nothing_uses(void **state)
{
	(void)state;
	mxp_settings_t set = settings();
	set.rules.builtin = "gandi";
	mxp_instance_t *instance = get(settings());
	mxp_instance_put(get(set));
	expect_logs(1, 0);
	write_map("house MX 10 new.house.test.\n");
	reload();
	expect_logs(1, 0);
	expect_exchange(instance, "new.house.test.");
	mxp_instance_put(instance);
}

#define READERS 3
#define LOADERS 2
#define CHANGES 99

static bool finished;

/*! \brief Reads as a query thread does. */
static void *read_views(void *arg)
{
	mxp_instance_t *instance = arg;
	size_t bad = 0;
	rcu_register_thread();
	while (!__atomic_load_n(&finished, __ATOMIC_RELAXED)) {
		rcu_read_lock();
		const mxp_view_t *view = rcu_dereference(instance->view);
		// Old or new, but whole: both maps have as many records as their number says.
		const mxp_preset_t *preset = mxp_map_find(view->map, mxp_span("house"));
		bad += (preset == NULL || preset != view->builtin || preset->title == NULL ||
		        preset->rrs.count != (unsigned)atoi(preset->title));
		rcu_read_unlock();
	}
	rcu_unregister_thread();
	return (void *)bad;
}

/*! \brief Loads and unloads as catalog members do. */
static void *load_often(void *arg)
{
	const bool *statistics = arg;
	mxp_settings_t set = settings();
	set.statistics = *statistics;
	size_t bad = 0;
	rcu_register_thread();
	while (!__atomic_load_n(&finished, __ATOMIC_RELAXED)) {
		mxp_instance_t *instance = mxp_instance_get(&set, ignore_log, NULL);
		bad += (instance == NULL);
		mxp_instance_put(instance);
	}
	rcu_unregister_thread();
	return (void *)bad;
}

static void publishes_to_readers(void **state)
{
	(void)state;
	static const char *const maps[] = {
		"house MX 10 a.test.\n TXT \"title=1\"\n",
		"house MX 10 a.test.\n MX 20 b.test.\n TXT \"title=2\"\n",
		BAD_MAP,
		"house MX 10 a.test.\n MX 20 b.test.\n MX 30 c.test.\n TXT \"title=3\"\n",
	};
	static const bool switches[LOADERS] = { false, true };
	write_map(maps[0]);
	mxp_instance_t *instance = get(settings());
	expect_logs(1, 0);

	finished = false;
	pthread_t threads[READERS + LOADERS];
	for (size_t i = 0; i < READERS; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, read_views, instance), 0);
	}
	for (size_t i = 0; i < LOADERS; i++) {
		assert_int_equal(pthread_create(&threads[READERS + i], NULL, load_often,
		                                (void *)&switches[i]),
		                 0);
	}
	mxp_settings_t set = settings();
	for (size_t i = 1; i <= CHANGES; i++) {
		write_map(maps[i % COUNT(maps)]);
		mxp_instance_put(mxp_instance_get(&set, ignore_log, NULL));
	}
	__atomic_store_n(&finished, true, __ATOMIC_RELAXED);
	size_t bad = 0;
	for (size_t i = 0; i < COUNT(threads); i++) {
		void *result;
		assert_int_equal(pthread_join(threads[i], &result), 0);
		bad += (size_t)result;
	}
	assert_int_equal(bad, 0);
	assert_int_equal(instance->references, 1);
	expect_exchange(instance, "a.test.");
	mxp_instance_put(instance);
}

static const struct CMUnitTest others[] = {
	cmocka_unit_test(shares_what_is_equal),       cmocka_unit_test(keeps_apart_what_differs),
	cmocka_unit_test(keeps_files_apart),          cmocka_unit_test(logs_the_counts),
	cmocka_unit_test(last_put_forgets_the_file),  cmocka_unit_test(takes_a_changed_file),
	cmocka_unit_test(takes_every_quick_change),   cmocka_unit_test(starts_without_a_good_map),
	cmocka_unit_test(starts_without_the_builtin), cmocka_unit_test(lets_go_what_nothing_uses),
	cmocka_unit_test(publishes_to_readers),
};

static struct CMUnitTest tests[COUNT(refused) + COUNT(others)];

int main(void)
{
	memcpy(ADD_ROWS(tests, check_refused, refused), others, sizeof(others));
	for (size_t i = 0; i < COUNT(tests); i++) {
		tests[i].setup_func = make_files;
		tests[i].teardown_func = remove_files;
	}

	return cmocka_run_group_tests(tests, NULL, NULL);
}
