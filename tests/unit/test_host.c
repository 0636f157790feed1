/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "host.h"
#include "unit.h"

/*! \brief A name, and what it is as an exchange. */
typedef struct {
	const char *name;
	mxp_host_t host;
} case_t;

static const case_t cases[] = {
	{ ".", MXP_HOST_NULL },

	// Letters, digits and inner hyphens.
	{ "mail.example.com.", MXP_HOST_FINE },
	{ "MAIL.Example.COM.", MXP_HOST_FINE },
	{ "mail.", MXP_HOST_FINE },
	{ "1.2.3.4.example.", MXP_HOST_FINE },
	{ "a--b.xn--p1ai.", MXP_HOST_FINE },
	{ L63 ".example.", MXP_HOST_FINE },
	{ "-mail.example.", MXP_HOST_CHARSET },
	{ "mail-.example.", MXP_HOST_CHARSET },
	{ "-.example.", MXP_HOST_CHARSET },
	{ "mail.-.", MXP_HOST_CHARSET },
	{ "mail.example-.", MXP_HOST_CHARSET },
	{ "_mail.example.", MXP_HOST_CHARSET },
	{ "ma_il.example.", MXP_HOST_CHARSET },
	{ "*.example.", MXP_HOST_CHARSET },
	{ "a\\.b.example.", MXP_HOST_CHARSET },
	{ "a\\032b.example.", MXP_HOST_CHARSET },
	{ "a\\000.example.", MXP_HOST_CHARSET },
	{ "b\\195\\188cher.example.", MXP_HOST_CHARSET },
	{ "0/25.example.", MXP_HOST_CHARSET },
	{ "2001:db8::1.", MXP_HOST_CHARSET },
	{ "[192.0.2.1].", MXP_HOST_CHARSET },
	{ "@.example.", MXP_HOST_CHARSET },
	{ "`.example.", MXP_HOST_CHARSET },
	{ "{.example.", MXP_HOST_CHARSET },

	// A last label that is a number: IP addresses in any notation.
	{ "192.0.2.1.", MXP_HOST_NUMBER },
	{ "127.1.", MXP_HOST_NUMBER },
	{ "3221225985.", MXP_HOST_NUMBER },
	{ "0xc0000201.", MXP_HOST_NUMBER },
	{ "0XC0.0x0.0x2.0xAf.", MXP_HOST_NUMBER },
	{ "mail.example.0.", MXP_HOST_NUMBER },
	{ "0300.0.02.01.", MXP_HOST_NUMBER },
	{ "_.1.", MXP_HOST_NUMBER },
	{ "mail.1a.", MXP_HOST_FINE },
	{ "mail.0x.", MXP_HOST_FINE },
	{ "mail.0xg.", MXP_HOST_FINE },
	{ "mail.x1.", MXP_HOST_FINE },
	{ "mail.1x1.", MXP_HOST_FINE },
	{ "mail.abc.", MXP_HOST_FINE },
	{ "1.example.", MXP_HOST_FINE },

	// Reserved names.
	{ "invalid.", MXP_HOST_RESERVED },
	{ "mail.invalid.", MXP_HOST_RESERVED },
	{ "msv1.invalid.", MXP_HOST_RESERVED },
	{ "localhost.", MXP_HOST_RESERVED },
	{ "a.LocalHost.", MXP_HOST_RESERVED },
	{ "mail.house.local.", MXP_HOST_RESERVED },
	{ "x.onion.", MXP_HOST_RESERVED },
	{ "a_b.local.", MXP_HOST_CHARSET },
	{ "mail.test.", MXP_HOST_FINE },
	{ "mail.notlocal.", MXP_HOST_FINE },
	{ "local.example.", MXP_HOST_FINE },

	// Verification, whatever the labels are.
	{ "ms12345678.msv1.invalid.", MXP_HOST_VERIFICATION },
	{ "MS1.MSV1.Invalid.", MXP_HOST_VERIFICATION },
	{ "a.b.msv1.invalid.", MXP_HOST_VERIFICATION },
	{ "x.mx-verification.google.com.", MXP_HOST_VERIFICATION },
	{ "a_b.mx-verification.google.com.", MXP_HOST_VERIFICATION },
	{ "mx-verification.google.com.", MXP_HOST_FINE },
	{ "x.amsv1.invalid.", MXP_HOST_RESERVED },
};

static void check_host(void **state)
{
	const case_t *row = *state;
	knot_dname_storage_t name;
	assert_int_equal(mxp_host_check(make_name(row->name, name)), row->host);
}

static void has_words(void **state)
{
	(void)state;
	for (mxp_host_t host = MXP_HOST_FINE; host <= MXP_HOST_VERIFICATION; host++) {
		assert_non_null(strchr(mxp_host_str(host), ' '));
	}
}

static void knows_octets(void **state)
{
	(void)state;
	static const char good[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
	for (unsigned ch = 0; ch <= UINT8_MAX; ch++) {
		assert_int_equal(mxp_host_octet((uint8_t)ch),
		                 memchr(good, (int)ch, sizeof(good) - 1) != NULL);
	}
}

static const struct CMUnitTest others[] = {
	cmocka_unit_test(has_words),
	cmocka_unit_test(knows_octets),
};

static struct CMUnitTest tests[COUNT(cases) + COUNT(others)];

int main(void)
{
	memcpy(ADD_ROWS(tests, check_host, cases), others, sizeof(others));

	return cmocka_run_group_tests(tests, NULL, NULL);
}
