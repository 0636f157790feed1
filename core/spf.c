/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <arpa/inet.h>

#include "spf.h"

/* Names of productions are those of RFC 7208, sections 7.1 and 12. */

#define VERSION "v=spf1"

/* What can be wrong with a term. */
#define BAD_MECHANISM "is no mechanism or modifier"
#define BAD_QUALIFIER "has a qualifier, which a modifier cannot have"
#define BAD_NAME      "is a modifier without a proper name"
#define BAD_ARGUMENT  "takes nothing after its name"
#define BAD_DOMAIN    "has no proper domain name"
#define BAD_MACRO     "has a macro that is none"
#define BAD_PREFIX    "has a prefix length out of range"
#define BAD_IP4       "has no IPv4 address"
#define BAD_IP6       "has no IPv6 address"
#define BAD_REDIRECT  "is the second redirect"
#define BAD_EXP       "is the second exp"

#define IP4_BITS      32
#define IP6_BITS      128

static bool is_digit(uint8_t ch)
{
	return ch >= '0' && ch <= '9';
}

static bool is_alpha(uint8_t ch)
{
	return (ch | 0x20) >= 'a' && (ch | 0x20) <= 'z';
}

static bool is_alnum(uint8_t ch)
{
	return is_digit(ch) || is_alpha(ch);
}

static bool is_one_of(uint8_t ch, const char *list)
{
	return ch != '\0' && strchr(list, ch) != NULL;
}

static mxp_span_t skip(mxp_span_t text, size_t len)
{
	return (mxp_span_t){ text.data + len, text.len - len };
}

static mxp_span_t cut(mxp_span_t text, size_t len)
{
	return (mxp_span_t){ text.data, len };
}

/*!
 * \brief Reads one macro-expand.
 *
 * The letters c, r and t have a value in the text of an explanation only (section 7.2), which is
 * somewhere else in the DNS.
 *
 * \return Its length, 0 if there is none.
 */
static size_t macro_expand(mxp_span_t text)
{
	if (text.len < 2 || text.data[0] != '%') {
		return 0;
	}
	if (text.data[1] != '{') {
		return is_one_of(text.data[1], "%_-") ? 2 : 0;
	}
	size_t i = 2;
	if (i == text.len || !is_one_of(text.data[i] | 0x20, "slodiphv")) {
		return 0;
	}
	const size_t number = ++i;
	bool zero = true;
	while (i < text.len && is_digit(text.data[i])) {
		zero = zero && text.data[i] == '0';
		i++;
	}
	if (i > number && zero) {
		return 0; // "Number of labels: MUST be nonzero", section 7.3.
	}
	if (i < text.len && (text.data[i] | 0x20) == 'r') {
		i++;
	}
	while (i < text.len && is_one_of(text.data[i], ".-+,/_=")) {
		i++;
	}
	return i < text.len && text.data[i] == '}' ? i + 1 : 0;
}

/*!
 * \brief Checks a macro-string.
 *
 * \param text  Text: printable ASCII without spaces.
 * \param last  Output: where its last macro-expand begins if the text ends with that, else its end.
 */
static bool macro_string(mxp_span_t text, size_t *last)
{
	*last = text.len;
	for (size_t i = 0; i < text.len;) {
		size_t len = 1;
		if (text.data[i] == '%') {
			len = macro_expand(skip(text, i));
			if (len == 0) {
				return false;
			}
			*last = (i + len == text.len) ? i : text.len;
		}
		i += len;
	}
	return true;
}

/*! \brief Tells if a label can be the last one of a name: letters, digits, inner hyphens, and
 *         not digits only. */
static bool is_toplabel(mxp_span_t label)
{
	bool digits = true;
	for (size_t i = 0; i < label.len; i++) {
		if (!is_alnum(label.data[i]) && label.data[i] != '-') {
			return false;
		}
		digits = digits && is_digit(label.data[i]);
	}
	return label.len > 0 && !digits && label.data[0] != '-' && label.data[label.len - 1] != '-';
}

/*! \brief Checks a domain-spec: a macro-string that ends in a top label or a macro. */
static const char *domain_spec(mxp_span_t text)
{
	size_t last;
	if (!macro_string(text, &last)) {
		return BAD_MACRO;
	}
	if (last < text.len) {
		return NULL;
	}
	if (text.len > 0 && text.data[text.len - 1] == '.') {
		text.len--;
	}
	const uint8_t *dot = memrchr(text.data, '.', text.len);
	if (dot == NULL || !is_toplabel(skip(text, (size_t)(dot - text.data) + 1))) {
		return BAD_DOMAIN;
	}
	return NULL;
}

/*! \brief Tells if a text is the length of a prefix: no leading zero, not too long. */
static bool prefix_length(mxp_span_t text, unsigned bits)
{
	unsigned number = 0;
	if (text.len == 0 || text.len > 3 || (text.len > 1 && text.data[0] == '0')) {
		return false;
	}
	for (size_t i = 0; i < text.len; i++) {
		if (!is_digit(text.data[i])) {
			return false;
		}
		number = 10 * number + text.data[i] - '0';
	}
	return number <= bits;
}

/*!
 * \brief Takes a dual-cidr-length off the end of a text: `/24`, `//64` or `/24//64`.
 *
 * A domain-spec cannot end so: no top label has a slash.
 */
static bool take_dual_cidr(mxp_span_t *text)
{
	size_t end = text->len;
	size_t start = end;
	while (start > 0 && is_digit(text->data[start - 1])) {
		start--;
	}
	if (start > 1 && start < end && memcmp(text->data + start - 2, "//", 2) == 0) {
		if (!prefix_length(skip(*text, start), IP6_BITS)) {
			return false;
		}
		end = start - 2;
		start = end;
		while (start > 0 && is_digit(text->data[start - 1])) {
			start--;
		}
	}
	if (start > 0 && start < end && text->data[start - 1] == '/') {
		if (!prefix_length(cut(skip(*text, start), end - start), IP4_BITS)) {
			return false;
		}
		end = start - 1;
	}
	text->len = end;

	return true;
}

/* What may follow the name of a mechanism; the text begins behind the name. */

static const char *no_argument(mxp_span_t text)
{
	return text.len == 0 ? NULL : BAD_ARGUMENT;
}

static const char *domain_argument(mxp_span_t text)
{
	return text.len > 0 && text.data[0] == ':' ? domain_spec(skip(text, 1)) : BAD_DOMAIN;
}

static const char *optional_domain(mxp_span_t text)
{
	return text.len > 0 ? domain_argument(text) : NULL;
}

static const char *domain_and_cidr(mxp_span_t text)
{
	return take_dual_cidr(&text) ? optional_domain(text) : BAD_PREFIX;
}

/*! \brief Checks `:ADDRESS[/LENGTH]`. */
static const char *network(mxp_span_t text, int family, unsigned bits, const char *reason)
{
	char address[INET6_ADDRSTRLEN] = "";
	uint8_t binary[sizeof(struct in6_addr)];
	if (text.len == 0 || text.data[0] != ':') {
		return reason;
	}
	text = skip(text, 1);
	const uint8_t *slash = memchr(text.data, '/', text.len);
	const size_t len = slash != NULL ? (size_t)(slash - text.data) : text.len;
	if (len >= sizeof(address)) {
		return reason;
	}
	memcpy(address, text.data, len);
	if (inet_pton(family, address, binary) != 1) {
		return reason;
	}
	return slash == NULL || prefix_length(skip(text, len + 1), bits) ? NULL : BAD_PREFIX;
}

static const char *ip4_argument(mxp_span_t text)
{
	return network(text, AF_INET, IP4_BITS, BAD_IP4);
}

static const char *ip6_argument(mxp_span_t text)
{
	return network(text, AF_INET6, IP6_BITS, BAD_IP6);
}

static const struct {
	const char *name;
	const char *(*argument)(mxp_span_t text);
} mechanisms[] = {
	{ "all", no_argument },    { "include", domain_argument }, { "a", domain_and_cidr },
	{ "mx", domain_and_cidr }, { "ptr", optional_domain },     { "ip4", ip4_argument },
	{ "ip6", ip6_argument },   { "exists", domain_argument },
};

static const char *check_mechanism(mxp_span_t name, mxp_span_t argument)
{
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(*mechanisms); i++) {
		if (mxp_span_is_case(name, mechanisms[i].name)) {
			return mechanisms[i].argument(argument);
		}
	}
	return BAD_MECHANISM;
}

/*! \brief Modifiers that may be there once. */
typedef struct {
	bool redirect;
	bool exp;
} seen_t;

static const char *check_modifier(mxp_span_t name, mxp_span_t value, seen_t *seen)
{
	if (name.len == 0 || !is_alpha(name.data[0])) {
		return BAD_NAME;
	}
	for (size_t i = 0; i < name.len; i++) {
		if (!is_alnum(name.data[i]) && !is_one_of(name.data[i], "-_.")) {
			return BAD_NAME;
		}
	}
	if (mxp_span_is_case(name, "redirect")) {
		const bool second = seen->redirect;
		seen->redirect = true;
		return second ? BAD_REDIRECT : domain_spec(value);
	}
	if (mxp_span_is_case(name, "exp")) {
		const bool second = seen->exp;
		seen->exp = true;
		return second ? BAD_EXP : domain_spec(value);
	}
	size_t last;
	return macro_string(value, &last) ? NULL : BAD_MACRO;
}

static const char *check_term(mxp_span_t term, seen_t *seen)
{
	const bool qualified = is_one_of(term.data[0], "+-?~");
	const mxp_span_t rest = skip(term, qualified ? 1 : 0);
	size_t len = 0;
	while (len < rest.len && !is_one_of(rest.data[len], ":/=")) {
		len++;
	}
	if (len == rest.len || rest.data[len] != '=') {
		return check_mechanism(cut(rest, len), skip(rest, len));
	}
	return qualified ? BAD_QUALIFIER
	                 : check_modifier(cut(rest, len), skip(rest, len + 1), seen);
}

/*! \brief Checks what does not depend on the terms. */
static const char *check_text(mxp_span_t terms)
{
	if (terms.len == 0) {
		return "is empty";
	}
	if (terms.len > MXP_SPF_MAX) {
		return "has more than 240 octets";
	}
	for (size_t i = 0; i < terms.len; i++) {
		if (terms.data[i] < ' ' || terms.data[i] > '~') {
			return "has other octets than printable ASCII";
		}
	}
	const size_t version_len = sizeof(VERSION) - 1;
	if (terms.len >= version_len && mxp_span_is_case(cut(terms, version_len), VERSION)) {
		return "begins with " VERSION ", which is put before it";
	}
	if (terms.data[0] == ' ' || terms.data[terms.len - 1] == ' ' ||
	    memmem(terms.data, terms.len, "  ", 2) != NULL) {
		return "has a space that does not stand between two terms, or several there";
	}
	return NULL;
}

const char *mxp_spf_check(mxp_span_t terms, mxp_span_t *term)
{
	*term = (mxp_span_t){ NULL, 0 };
	const char *reason = check_text(terms);

	seen_t seen = { .redirect = false };
	while (reason == NULL && terms.len > 0) {
		const uint8_t *space = memchr(terms.data, ' ', terms.len);
		const size_t len = space != NULL ? (size_t)(space - terms.data) : terms.len;
		*term = cut(terms, len);
		reason = check_term(*term, &seen);
		terms = skip(terms, space != NULL ? len + 1 : len);
	}
	return reason;
}
