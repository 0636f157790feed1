/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <unistd.h>

#include "expand.h"
#include "decision.h"
#include "file.h"
#include "marker.h"
#include "unit.h"

/*! What is left until an allocation fails. */
static size_t countdown = SIZE_MAX;
static bool failed;
static size_t outstanding;

/*! \brief Tells if this allocation is the one that fails. All others after it succeed. */
static bool is_due(void)
{
	const bool due = (countdown == 0);
	failed |= due;
	countdown--;
	return due;
}

static void start_countdown(size_t allocations)
{
	countdown = allocations;
	failed = false;
}

static void stop_countdown(void)
{
	countdown = SIZE_MAX;
}

/* The linker sends the module's own calls here. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *ptr, size_t size);
char *__real_strdup(const char *str);
char *__real_strndup(const char *str, size_t len);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *ptr, size_t size);
char *__wrap_strdup(const char *str);
char *__wrap_strndup(const char *str, size_t len);

void *__wrap_malloc(size_t size)
{
	return is_due() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return is_due() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *ptr, size_t size)
{
	return is_due() ? NULL : __real_realloc(ptr, size);
}

char *__wrap_strdup(const char *str)
{
	return is_due() ? NULL : __real_strdup(str);
}

char *__wrap_strndup(const char *str, size_t len)
{
	return is_due() ? NULL : __real_strndup(str, len);
}

/* A memory context that counts. */

static void *take_memory(void *ctx, size_t size)
{
	(void)ctx;
	void *memory = is_due() ? NULL : __real_malloc(size);
	outstanding += (memory != NULL);
	return memory;
}

static void give_memory(void *memory)
{
	outstanding -= (memory != NULL);
	free(memory);
}

static knot_mm_t counting = { .alloc = take_memory, .free = give_memory };

/* A memory pool, which frees nothing by itself. */

static void *pool[64];
static size_t pool_count;

static void *take_pool(void *ctx, size_t size)
{
	(void)ctx;
	void *memory = is_due() ? NULL : __real_malloc(size);
	assert_true(pool_count < COUNT(pool));
	pool[pool_count++] = memory;
	return memory;
}

static void empty_pool(void)
{
	while (pool_count > 0) {
		free(pool[--pool_count]);
	}
}

static knot_mm_t pooling = { .alloc = take_pool };

static const char map_text[] =
	"; Everything a map can hold.\n$ORIGIN maps.example.\n"
	"@ SOA ns root 1 3600 600 86400 300\n"
	"@ NS ns\nns A 192.0.2.1\n"
	"house MX 10 mx1.house.test.\n MX 20 mx2.house.test.\n"
	" TXT \"title=House\" \"retired=a.house.test\" \"retired=b.house.test\"\n"
	" TXT \"note=One\" \"note=Two\" \"spf=include:_spf.house.test ~all\"\n"
	"outlook MX 1 _id_.mail.test.\n MX 2 _id_.mail2.test.\n TXT \"id=@zone-dashed\" \"x=y\"\n"
	"own MX 1 mail._zone_.\n"
	"ours CNAME house\nmine CNAME ours\n";

/*! \brief A decision that needs memory. */
typedef struct {
	const char *name;
	const char *builtin;
	const char *preset;
	const char *mx;
	const char *txt;
	mxp_serve_t serve; /*!< With enough memory. */
	size_t least;      /*!< Fewest allocations. */
} case_t;

static const case_t cases[] = {
	{ "decision: built-in", "outlook", NULL, NULL, NULL, MXP_SERVE_PRESET, 2 },
	{ "decision: built-in with the zone", "own", NULL, NULL, NULL, MXP_SERVE_PRESET, 2 },
	{ "decision: preset", "house", "outlook", NULL, NULL, MXP_SERVE_PRESET, 2 },
	{ "decision: marker", "house", NULL, NULL, "\"mx-preset=outlook\"", MXP_SERVE_PRESET, 2 },
	{ "decision: marker in two strings", "house", NULL, NULL, "\"mx-preset=out\" \"look id=x\"",
	  MXP_SERVE_PRESET, 3 },
	{ "decision: none in two strings", "house", NULL, NULL, "\"mx-preset=\" \"none\"",
	  MXP_SERVE_STORED, 1 },
	{ "decision: bad marker in two strings", "outlook", NULL, NULL, "\"mx-preset=\" \"x y\"",
	  MXP_SERVE_FAIL, 1 },
	{ "decision: built-in stored", "outlook", NULL, "1 example-com.mail.test.", NULL,
	  MXP_SERVE_STORED, 2 },
	{ "decision: mixed", "house", NULL, "1 a.test.\n2 mx1.house.test.", NULL,
	  MXP_SERVE_FILTERED, 1 },
	{ "decision: mixed, built-in with a parameter", "outlook", NULL,
	  "1 a.test.\n2 example-com.mail.test.", NULL, MXP_SERVE_FILTERED, 3 },
	{ "decision: built-in stored, marker", "outlook", NULL, "1 example-com.mail.test.",
	  "\"mx-preset=\" \"own\"", MXP_SERVE_PRESET, 5 },
};

/*! \brief Lets one allocation after the other fail until none does. */
static void fail_decisions(const mxp_rules_t *rules, const mxp_view_t *view, const mxp_apex_t *apex,
                           knot_mm_t *mm, const case_t *row)
{
	size_t allocations = 0;
	for (;; allocations++) {
		mxp_decision_t decision;
		start_countdown(allocations);
		mxp_decide(rules, view, apex, mm, &decision);
		stop_countdown();
		if (!failed) {
			assert_int_equal(decision.serve, row->serve);
		} else {
			assert_int_equal(decision.serve, MXP_SERVE_FAIL);
			assert_int_equal(decision.fault.cause, MXP_NO_MEMORY);
		}
		mxp_decision_clear(&decision, mm);
		empty_pool();
		assert_int_equal(outstanding, 0);
		if (!failed) {
			break;
		}
	}
	assert_between(allocations, row->least, SIZE_MAX);
}

static void check_decision(void **state)
{
	const case_t *row = *state;
	mxp_map_t *map = make_map(map_text);
	const mxp_rules_t rules = {
		.builtin = row->builtin,
		.preset = row->preset,
		.marker = true,
		.filter = true,
	};
	const mxp_view_t view = mxp_view(&rules, map);
	knot_dname_storage_t zone;
	mxp_apex_t apex = {
		.zone = make_name("example.com.", zone),
		.mx = make_rrs("MX", row->mx),
		.txt = make_rrs("TXT", row->txt),
	};
	fail_decisions(&rules, &view, &apex, &counting, row);
	fail_decisions(&rules, &view, &apex, &pooling, row);
	fail_decisions(&rules, &view, &apex, NULL, row);
	knot_rdataset_clear(&apex.mx, NULL);
	knot_rdataset_clear(&apex.txt, NULL);
	mxp_map_free(map);
}

/*! \brief Without memory, TXT are what the zone stores. */
static void decision_of_txt(void **state)
{
	(void)state;
	mxp_map_t *map = make_map(map_text);
	const mxp_rules_t rules = {
		.builtin = "house", .marker = true, .filter = true, .spf = true
	};
	const mxp_view_t view = mxp_view(&rules, map);
	knot_dname_storage_t zone;
	mxp_apex_t apex = {
		.zone = make_name("example.com.", zone),
		.txt = make_rrs("TXT", "\"a\"\n\"mx-preset=\" \"house\""),
	};
	size_t allocations = 0;
	for (bool good = false; !good; allocations++) {
		mxp_decision_t decision;
		start_countdown(allocations);
		mxp_decide_txt(&rules, &view, &apex, &counting, &decision);
		stop_countdown();
		good = !failed;
		assert_int_equal(decision.serve, good ? MXP_SERVE_ADDED : MXP_SERVE_STORED);
		assert_int_equal(decision.rrs.count, good ? 3 : 0);
		assert_int_equal(decision.fault.cause, good ? MXP_OK : MXP_NO_MEMORY);
		mxp_decision_clear(&decision, &counting);
		assert_int_equal(outstanding, 0);
	}
	assert_between(allocations, 3, SIZE_MAX);
	knot_rdataset_clear(&apex.txt, NULL);
	mxp_map_free(map);
}

static void expansion(void **state)
{
	(void)state;
	mxp_map_t *map = make_map(map_text);
	const mxp_preset_t *preset = mxp_map_find(map, mxp_span("outlook"));
	knot_dname_storage_t zone;
	make_name("example.com.", zone);

	size_t allocations = 0;
	for (bool good = false; !good; allocations++) {
		knot_rdataset_t rrs = { 0 };
		mxp_fault_t fault = { .cause = MXP_OK };
		start_countdown(allocations);
		good = mxp_preset_expand(preset, zone, false, NULL, NULL, &counting, &rrs, &fault);
		stop_countdown();
		assert_int_equal(good, !failed);
		if (good) {
			assert_int_equal(rrs.count, 2);
			give_memory(rrs.rdata);
		} else {
			assert_int_equal(fault.cause, MXP_NO_MEMORY);
		}
		assert_int_equal(outstanding, 0);
	}
	assert_between(allocations, 3, SIZE_MAX);
	mxp_map_free(map);
}

static void reading(void **state)
{
	(void)state;
	size_t allocations = 0;
	for (bool good = false; !good; allocations++) {
		char text[sizeof(map_text)];
		memcpy(text, map_text, sizeof(text));
		errors_t errors = { 0 };
		mxp_map_t *map = NULL;
		start_countdown(allocations);
		const int ret = mxp_map_read(&map, text, sizeof(text) - 1, take_error, &errors);
		stop_countdown();
		good = !failed;
		if (good) {
			assert_int_equal(ret, KNOT_EOK);
		} else {
			assert_int_equal(ret, KNOT_ENOMEM);
			assert_null(map);
			assert_int_equal(errors.count, 1);
			assert_int_equal(errors.list[0].line, 0);
			assert_non_null(strstr(errors.list[0].reason, "memory"));
		}
		mxp_map_free(map);
	}
	print_message("# %zu allocations\n", allocations);
	assert_between(allocations, 30, SIZE_MAX);
}

/*! \brief What was not read has no length, and the cause is one that passes. */
static void file(void **state)
{
	(void)state;
	char path[] = "/tmp/mxpreset-XXXXXX";
	const int fd = mkstemp(path);
	assert_int_equal(write(fd, map_text, sizeof(map_text) - 1), sizeof(map_text) - 1);
	for (size_t allocations = 0; allocations < 2; allocations++) {
		char *data = path;
		size_t size = 1;
		mxp_file_id_t id;
		const char *reason = NULL;
		start_countdown(allocations);
		const int ret = mxp_file_read(path, &data, &size, &id, &reason);
		stop_countdown();
		if (failed) {
			assert_int_equal(ret, KNOT_EBUSY);
			assert_null(data);
			assert_int_equal(size, 0);
			assert_non_null(strstr(reason, "memory"));
		} else {
			assert_int_equal(ret, KNOT_EOK);
			assert_int_equal(size, sizeof(map_text) - 1);
		}
		assert_int_equal(failed, allocations == 0);
		free(data);
	}
	assert_int_equal(unlink(path), 0);
	assert_int_equal(close(fd), 0);
}

static const struct CMUnitTest others[] = {
	cmocka_unit_test(file),
	cmocka_unit_test(decision_of_txt),
	cmocka_unit_test(expansion),
	cmocka_unit_test(reading),
};

static struct CMUnitTest tests[COUNT(cases) + COUNT(others)];

int main(void)
{
	memcpy(ADD_ROWS(tests, check_decision, cases), others, sizeof(others));

	return cmocka_run_group_tests(tests, NULL, NULL);
}
