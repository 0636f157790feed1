/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "spf.h"
#include "unit.h"

/*! \brief Terms, and what is wrong with them. */
typedef struct {
	const char *name; /*!< The terms. */
	const char *term; /*!< The term that is wrong (NULL if none, "" if the text as a whole). */
	const char *word; /*!< What the reason holds. */
} case_t;

static const case_t cases[] = {
	// Mechanisms.
	{ "all", NULL, NULL },
	{ "-all", NULL, NULL },
	{ "~ALL", NULL, NULL },
	{ "?all", NULL, NULL },
	{ "+all", NULL, NULL },
	{ "all:x.test", "all:x.test", "nothing after" },
	{ "all/24", "all/24", "nothing after" },
	{ "include:_spf.google.com ~all", NULL, NULL },
	{ "include:spf.protection.outlook.com -all", NULL, NULL },
	{ "INCLUDE:A.Test", NULL, NULL },
	{ "include:a.test.", NULL, NULL },
	{ "include:a.test/24", "include:a.test/24", "domain" },
	{ "include", "include", "domain" },
	{ "include:", "include:", "domain" },
	{ "include:test", "include:test", "domain" },
	{ "include:a.test..", "include:a.test..", "domain" },
	{ "include:a.123", "include:a.123", "domain" },
	{ "include:a.1-3", NULL, NULL },
	{ "include:a.-b", "include:a.-b", "domain" },
	{ "include:a.b-", "include:a.b-", "domain" },
	{ "include:a.b_c", "include:a.b_c", "domain" },
	{ "a", NULL, NULL },
	{ "+a/24", NULL, NULL },
	{ "a//64", NULL, NULL },
	{ "a/24//64", NULL, NULL },
	{ "a:x.test", NULL, NULL },
	{ "a:x.test/0//0", NULL, NULL },
	{ "a:x.test/32//128", NULL, NULL },
	{ "a:x.test/33", "a:x.test/33", "prefix" },
	{ "a//129", "a//129", "prefix" },
	{ "a/024", "a/024", "prefix" },
	{ "a/00", "a/00", "prefix" },
	{ "a/4294967297", "a/4294967297", "prefix" },
	{ "a//64/24", "a//64/24", "" },
	{ "a/", "a/", "" },
	{ "a//", "a//", "" },
	{ "a/-1", "a/-1", "" },
	{ "a:/24", "a:/24", "domain" },
	{ "a:192.0.2.1", "a:192.0.2.1", "domain" },
	{ "mx", NULL, NULL },
	{ "mx mx:x.test/24 -mx//48", NULL, NULL },
	{ "mx:", "mx:", "domain" },
	{ "ptr", NULL, NULL },
	{ "ptr:x.test", NULL, NULL },
	{ "ptr/24", "ptr/24", "domain" },
	{ "ip4:192.0.2.1", NULL, NULL },
	{ "ip4:192.0.2.0/24", NULL, NULL },
	{ "ip4:192.0.2.0/32 -ip4:0.0.0.0/0", NULL, NULL },
	{ "ip4:192.0.2.0/33", "ip4:192.0.2.0/33", "prefix" },
	{ "ip4:192.0.2.0/", "ip4:192.0.2.0/", "prefix" },
	{ "ip4:192.0.2.0/2x", "ip4:192.0.2.0/2x", "prefix" },
	{ "ip4:192.0.2", "ip4:192.0.2", "IPv4" },
	{ "ip4:192.0.2.256", "ip4:192.0.2.256", "IPv4" },
	{ "ip4:192.0.02.1", "ip4:192.0.02.1", "IPv4" },
	{ "ip4:2001:db8::1", "ip4:2001:db8::1", "IPv4" },
	{ "ip4", "ip4", "IPv4" },
	{ "ip4:", "ip4:", "IPv4" },
	{ "ip4/24", "ip4/24", "IPv4" },
	{ "ip6:2001:db8::", NULL, NULL },
	{ "ip6:2001:db8::/32", NULL, NULL },
	{ "ip6:::ffff:192.0.2.1/128", NULL, NULL },
	{ "ip6:::/0", NULL, NULL },
	{ "ip6:2001:db8::/129", "ip6:2001:db8::/129", "prefix" },
	{ "ip6:192.0.2.1", "ip6:192.0.2.1", "IPv6" },
	{ "ip6:" L60, "ip6:" L60, "IPv6" },
	{ "exists:%{i}._spf.%{d2}", NULL, NULL },
	{ "exists:%{i}._spf.x.test", NULL, NULL },
	{ "exists", "exists", "domain" },
	{ "mechanism", "mechanism", "no mechanism" },
	{ "ip5:192.0.2.1", "ip5:192.0.2.1", "no mechanism" },
	{ "a mx x:y.test all", "x:y.test", "no mechanism" },
	{ "+", "+", "no mechanism" },
	{ "-+all", "-+all", "no mechanism" },
	{ ":x.test", ":x.test", "no mechanism" },
	{ "_spf.google.com", "_spf.google.com", "no mechanism" },

	// Modifiers.
	{ "redirect=_spf.x.test", NULL, NULL },
	{ "a Redirect=x.test", NULL, NULL },
	{ "redirect=x.test redirect=x.test", "redirect=x.test", "second redirect" },
	{ "redirect=x.test REDIRECT=y.test", "REDIRECT=y.test", "second redirect" },
	{ "redirect=", "redirect=", "domain" },
	{ "redirect=test", "redirect=test", "domain" },
	{ "-redirect=x.test", "-redirect=x.test", "qualifier" },
	{ "redirect:x.test", "redirect:x.test", "no mechanism" },
	{ "exp=explain.x.test -all", NULL, NULL },
	{ "exp=%{d}", NULL, NULL },
	{ "exp=a.test exp=b.test", "exp=b.test", "second exp" },
	{ "other=", NULL, NULL },
	{ "other=any/thing:at=all other=%{d}x", NULL, NULL },
	{ "o-t_h.e2r=x", NULL, NULL },
	{ "other=%", "other=%", "macro" },
	{ "2nd=x", "2nd=x", "name" },
	{ "=x", "=x", "name" },
	{ "a*b=x", "a*b=x", "name" },

	// Macros.
	{ "include:%{s}", NULL, NULL },
	{ "include:%{l}.%{O}.%{d}.%{i}.%{P}.%{h}.%{v}.x.test", NULL, NULL },
	{ "include:%{d2}", NULL, NULL },
	{ "include:%{d128R}", NULL, NULL },
	{ "include:%{ir}.x.test", NULL, NULL },
	{ "include:%{l1r-}.x.test", NULL, NULL },
	{ "include:%{s.-+,/_=}.x.test", NULL, NULL },
	{ "include:a%%b%_c%-d.x.test", NULL, NULL },
	{ "include:x.%%", NULL, NULL },
	{ "a:%{d}/24//64", NULL, NULL },
	{ "include:%{d}.test", NULL, NULL },
	{ "include:x.%{d}test", "include:x.%{d}test", "domain" },
	{ "include:%{d}.", "include:%{d}.", "domain" },
	{ "include:%{d.}test", "include:%{d.}test", "domain" },
	{ "include:%{d0}", "include:%{d0}", "macro" },
	{ "include:%{d00}", "include:%{d00}", "macro" },
	{ "include:%{d10}", NULL, NULL },
	{ "include:%{x}.test", "include:%{x}.test", "macro" },
	{ "include:%{c}.test", "include:%{c}.test", "macro" },
	{ "include:%{r}.test", "include:%{r}.test", "macro" },
	{ "include:%{t}.test", "include:%{t}.test", "macro" },
	{ "include:%{}.test", "include:%{}.test", "macro" },
	{ "include:%{d", "include:%{d", "macro" },
	{ "include:%{", "include:%{", "macro" },
	{ "include:x.test%", "include:x.test%", "macro" },
	{ "include:%x.test", "include:%x.test", "macro" },
	{ "include:%{d!}.test", "include:%{d!}.test", "macro" },
	{ "include:%{dr2}.test", "include:%{dr2}.test", "macro" },

	// The text as a whole.
	{ "", "", "empty" },
	{ "v=spf1 -all", "", "v=spf1" },
	{ "V=SPF1", "", "v=spf1" },
	{ "v=spf10", "", "v=spf1" },
	{ "v=spf -all", NULL, NULL },
	{ " -all", "", "space" },
	{ "-all ", "", "space" },
	{ "a  -all", "", "space" },
	{ " ", "", "space" },
	{ "a\t-all", "", "ASCII" },
	{ "include:b\xc3\xbc.test", "", "ASCII" },
	{ "x=\x7f", "", "ASCII" },
	{ "x=" L60 L60 L60 L20 L20 L10 "aaaaaaaa", NULL, NULL },
	{ "x=" L60 L60 L60 L20 L20 L10 "aaaaaaaaa", "", "240" },
};

static void check_spf(void **state)
{
	const case_t *row = *state;
	char *exact = strdup(row->name); // So that reading beyond it is noticed.
	mxp_span_t term;
	const char *reason = mxp_spf_check((mxp_span_t){ (uint8_t *)exact, strlen(exact) }, &term);
	if (row->term == NULL) {
		assert_null(reason);
	} else {
		assert_non_null(reason);
		print_message("# %s\n", reason);
		assert_non_null(strstr(reason, row->word));
		assert_int_equal(term.len, strlen(row->term));
		assert_int_equal(term.data == NULL, *row->term == '\0');
		assert_true(term.data == NULL || mxp_span_is(term, row->term));
	}
	free(exact);
}

static struct CMUnitTest tests[COUNT(cases)];

int main(void)
{
	(void)ADD_ROWS(tests, check_spf, cases);

	return cmocka_run_group_tests(tests, NULL, NULL);
}
