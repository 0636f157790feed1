/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "settings.h"
#include "unit.h"

#define SPAN(text) .data = (const uint8_t *)(text), .len = sizeof(text) - 1

static const mxp_param_t id_x[] = { { { SPAN("id") }, { SPAN("x") } } };
static const mxp_param_t id_y[] = { { { SPAN("id") }, { SPAN("y") } } };
static const mxp_param_t id_xx[] = { { { SPAN("id") }, { SPAN("xx") } } };
static const mxp_param_t ix_x[] = { { { SPAN("ix") }, { SPAN("x") } } };
static const mxp_param_t i_dx[] = { { { SPAN("i") }, { SPAN("dx") } } };
static const mxp_param_t both[] = { { { SPAN("id") }, { SPAN("x") } },
	                            { { SPAN("n") }, { SPAN("1") } } };
static const mxp_param_t turned[] = { { { SPAN("n") }, { SPAN("1") } },
	                              { { SPAN("id") }, { SPAN("x") } } };

/* Each differs from all others. */
static const mxp_settings_t sets[] = {
	{ .file = "/map", .rules = { .builtin = "house" } },
	{ .file = "/map2", .rules = { .builtin = "house" } },
	{ .file = "/other", .rules = { .builtin = "house" } },
	{ .file = "/map", .rules = { .builtin = "gandi" } },
	{ .file = "/map", .rules = { .builtin = "house", .preset = "gandi" } },
	{ .file = "/map", .rules = { .builtin = "house", .preset = "house" } },
	{ .file = "/map", .rules = { .builtin = "house", .marker = true } },
	{ .file = "/map", .rules = { .builtin = "house", .filter = true } },
	{ .file = "/map", .rules = { .builtin = "house", .spf = true } },
	{ .file = "/map", .rules = { .builtin = "house" }, .dnssec = true },
	{ .file = "/map", .rules = { .builtin = "house" }, .ede = true },
	{ .file = "/map", .rules = { .builtin = "house" }, .statistics = true },
	{ .file = "/map", .rules = { .builtin = "house" }, .rotation = true },
	{ .file = "/map", .rules = { .builtin = "house" }, .keystores = "f/keys" },
	{ .file = "/map", .rules = { .builtin = "house" }, .keystores = "t/keys" },
	{ .file = "/map", .rules = { .builtin = "house" }, .keystores = "f/keys\nf/keys2" },
	{ .file = "/map", .rules = { .builtin = "house", .params = id_x, .param_count = 1 } },
	{ .file = "/map", .rules = { .builtin = "house", .params = id_y, .param_count = 1 } },
	{ .file = "/map", .rules = { .builtin = "house", .params = id_xx, .param_count = 1 } },
	{ .file = "/map", .rules = { .builtin = "house", .params = ix_x, .param_count = 1 } },
	{ .file = "/map", .rules = { .builtin = "house", .params = i_dx, .param_count = 1 } },
	{ .file = "/map", .rules = { .builtin = "house", .params = both, .param_count = 2 } },
	{ .file = "/map", .rules = { .builtin = "house", .params = turned, .param_count = 2 } },
};

static int sign(int cmp)
{
	return (cmp > 0) - (cmp < 0);
}

static void orders_settings(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(sets); i++) {
		for (size_t j = 0; j < COUNT(sets); j++) {
			const int cmp = sign(mxp_settings_cmp(&sets[i], &sets[j]));
			assert_int_equal(cmp == 0, i == j);
			assert_int_equal(cmp, -sign(mxp_settings_cmp(&sets[j], &sets[i])));
			// What is between two is between them from all sides.
			for (size_t k = 0; k < COUNT(sets) && cmp < 0; k++) {
				assert_false(mxp_settings_cmp(&sets[j], &sets[k]) < 0 &&
				             mxp_settings_cmp(&sets[k], &sets[i]) < 0);
			}
		}
	}
}

/* What is left until an allocation fails; the linker sends the module's own calls here. */

static size_t countdown = SIZE_MAX;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
char *__real_strdup(const char *str);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
char *__wrap_strdup(const char *str);

void *__wrap_malloc(size_t size)
{
	return countdown-- == 0 ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return countdown-- == 0 ? NULL : __real_calloc(count, size);
}

char *__wrap_strdup(const char *str)
{
	return countdown-- == 0 ? NULL : __real_strdup(str);
}

/*! \brief Copies equal what they were copied from, and hold nothing of it. */
static void copies_settings(void **state)
{
	(void)state;
	countdown = SIZE_MAX;
	for (size_t i = 0; i < COUNT(sets); i++) {
		mxp_settings_t copy;
		mxp_settings_t second;
		assert_true(mxp_settings_copy(&sets[i], &copy));
		assert_int_equal(mxp_settings_cmp(&sets[i], &copy), 0);
		assert_true(mxp_settings_copy(&copy, &second));
		mxp_settings_clear(&copy); // Only a sanitizer or valgrind sees what is still used.
		assert_int_equal(mxp_settings_cmp(&sets[i], &second), 0);
		mxp_settings_clear(&second);
	}
}

/*! \brief A copy that has failed at any point can be cleared. */
static void copies_without_memory(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(sets); i++) {
		size_t failures = 0;
		bool copied = false;
		while (!copied) {
			mxp_settings_t copy;
			countdown = failures;
			copied = mxp_settings_copy(&sets[i], &copy);
			countdown = SIZE_MAX;
			failures += !copied;
			mxp_settings_clear(&copy);
		}
		// The file, the built-in, the list, and all that is in it.
		assert_int_equal(failures, 3 + (sets[i].rules.preset != NULL) +
		                                   (sets[i].keystores != NULL) +
		                                   2 * sets[i].rules.param_count);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(orders_settings),
	cmocka_unit_test(copies_settings),
	cmocka_unit_test(copies_without_memory),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
