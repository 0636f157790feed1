/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "zones.h"

/* Many threads at once. */

#define READERS 2
#define LOADERS 3
#define CHANGES 100

static bool finished;
static size_t loaded;

/*! \brief Tells if a zone's view is wrong: old or new, it must be whole. */
static bool is_torn(const mxp_connection_t *zone)
{
	rcu_read_lock();
	const mxp_view_t *view = &rcu_dereference(zone->instance->snapshot)->view;
	// The maps have as many records as their title says.
	const mxp_preset_t *preset =
		view->map != NULL ? mxp_map_find(view->map, mxp_span("house")) : NULL;
	const bool torn = preset == NULL || preset != view->builtin || preset->title == NULL ||
	                  preset->rrs.count != (unsigned)atoi(preset->title);
	rcu_read_unlock();
	return torn;
}

/*! \brief Reads as a query thread does. */
static void *read_views(void *arg)
{
	size_t bad = 0;
	rcu_register_thread();
	while (!__atomic_load_n(&finished, __ATOMIC_RELAXED)) {
		bad += is_torn(arg);
	}
	rcu_unregister_thread();
	return (void *)bad;
}

/*! \brief Loads, answers and unloads as catalog members do. */
static void *load_often(void *arg)
{
	mxp_settings_t set = settings();
	set.statistics = *(const bool *)arg;
	size_t bad = 0;
	rcu_register_thread();
	while (!__atomic_load_n(&finished, __ATOMIC_RELAXED)) {
		mxp_connection_t *zone = connect_as(&set, &server_zones[0]);
		bad += (zone == NULL || is_torn(zone));
		disconnect_zone(zone);
		__atomic_add_fetch(&loaded, 1, __ATOMIC_RELAXED);
	}
	rcu_unregister_thread();
	return (void *)bad;
}

static const char *const numbered_maps[] = {
	"house MX 10 a.test.\n TXT \"title=1\"\n",
	"house MX 10 a.test.\n MX 20 b.test.\n TXT \"title=2\"\n",
	"house MX 10 a.test.\n MX 20 b.test.\n MX 30 c.test.\n TXT \"title=3\"\n",
	BAD_MAP,
};

/*! \brief Starts all threads; readers only if there is a zone that stays. */
static size_t start_threads(pthread_t *threads, mxp_connection_t *zone)
{
	static const bool switches[LOADERS] = { false, true, false };
	size_t count = 0;
	__atomic_store_n(&finished, false, __ATOMIC_RELAXED);
	for (size_t i = 0; i < LOADERS; i++) {
		assert_int_equal(
			pthread_create(&threads[count++], NULL, load_often, (void *)&switches[i]),
			0);
	}
	for (size_t i = 0; i < READERS && zone != NULL; i++) {
		assert_int_equal(pthread_create(&threads[count++], NULL, read_views, zone), 0);
	}
	return count;
}

/*! \brief Joins all threads; returns how much was wrong in them. */
static size_t join_threads(const pthread_t *threads, size_t count)
{
	size_t bad = 0;
	__atomic_store_n(&finished, true, __ATOMIC_RELAXED);
	for (size_t i = 0; i < count; i++) {
		void *result;
		assert_int_equal(pthread_join(threads[i], &result), 0);
		bad += (size_t)result;
	}
	return bad;
}

static void publishes_to_readers(void **state)
{
	(void)state;
	write_map(numbered_maps[0]);
	mxp_connection_t *zone = connect_zone(settings());
	expect_logs(1, 0);

	pthread_t threads[LOADERS + READERS];
	const size_t count = start_threads(threads, zone);
	for (size_t i = 1; i <= CHANGES; i++) {
		const size_t kind = i % COUNT(numbered_maps);
		write_map(numbered_maps[kind]);
		await(has_logged(kind < 3, kind == 3));
		(void)take_lines();
	}
	assert_int_equal(join_threads(threads, count), 0);
	assert_int_equal(zone->instance->references, 1);
	disconnect_zone(zone);
}

/*! \brief Without a zone that stays, the thread starts and ends all the time. */
static void starts_and_ends_in_many_threads(void **state)
{
	(void)state;
	write_map(numbered_maps[0]);
	pthread_t threads[LOADERS + READERS];
	const size_t count = start_threads(threads, NULL);
	for (size_t i = 1; i <= CHANGES; i++) {
		const size_t before = __atomic_load_n(&loaded, __ATOMIC_RELAXED);
		write_map(numbered_maps[i % 3]);
		await(__atomic_load_n(&loaded, __ATOMIC_RELAXED) > before + LOADERS);
	}
	assert_int_equal(join_threads(threads, count), 0);
	await(count_threads() == threads_at_first);
}

static struct CMUnitTest tests[] = {
	cmocka_unit_test(publishes_to_readers),
	cmocka_unit_test(starts_and_ends_in_many_threads),
};

int main(void)
{
	return run_with_files(tests, COUNT(tests));
}
