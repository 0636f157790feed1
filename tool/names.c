/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <arpa/inet.h>
#include <ctype.h>
#include <idn2.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "names.h"
#include "text.h"

const char *name_str(const knot_dname_t *name, name_str_t out)
{
	return knot_dname_to_str(out, name, sizeof(name_str_t)) != NULL ? out : "?";
}

char *name_to_ascii(const char *text)
{
	bool ascii = true;
	for (const char *ch = text; *ch != '\0'; ch++) {
		ascii = ascii && isascii((unsigned char)*ch);
	}
	if (ascii) {
		return need(strdup(text));
	}
	char *out = NULL;
	const int ret = idn2_to_ascii_8z(text, &out, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	return ret == IDN2_OK ? out : NULL;
}

char *name_of_preset(const char *text)
{
	char *ascii = name_to_ascii(text);
	return ascii != NULL ? ascii : need(strdup(text));
}

/*! \brief What a label may consist of besides letters, digits and hyphens. */
typedef enum {
	LABEL_OWNER, /*!< Underscores, and an asterisk as the first label. */
	LABEL_ZONE,  /*!< Underscores, slashes (RFC 2317) and asterisks. */
	LABEL_ANY,   /*!< Anything. */
} label_kind_t;

static bool label_valid(const uint8_t *label, bool first, label_kind_t kind)
{
	static const char *const others[] = { [LABEL_OWNER] = "_", [LABEL_ZONE] = "_/*" };
	if (kind == LABEL_ANY ||
	    (kind == LABEL_OWNER && first && label[0] == 1 && label[1] == '*')) {
		return true;
	}
	for (size_t i = 1; i <= label[0]; i++) {
		const int ch = label[i];
		if (ch == '\0' || !isascii(ch) ||
		    (!isalnum(ch) && ch != '-' && strchr(others[kind], ch) == NULL)) {
			return false;
		}
	}
	return true;
}

/*! \brief Reads a full name, with or without a final dot. */
static bool read_full(const char *text, label_kind_t kind, knot_dname_storage_t name, bool *dot)
{
	char *ascii = name_to_ascii(text);
	if (ascii == NULL) {
		return false;
	}
	const size_t len = strlen(ascii);
	*dot = len > 0 && ascii[len - 1] == '.';
	// A list of zones has octets escaped.
	kind = kind == LABEL_ZONE && strchr(ascii, '\\') != NULL ? LABEL_ANY : kind;
	bool valid = len > 0 && knot_dname_from_str(name, ascii, KNOT_DNAME_MAXLEN) != NULL;
	free(ascii);
	for (const uint8_t *label = name; valid && *label != 0; label += 1 + *label) {
		valid = label_valid(label, label == name, kind);
	}
	if (valid) {
		knot_dname_to_lower(name);
	}
	return valid;
}

/*! \brief Appends the zone's name to a name. */
static bool append(knot_dname_storage_t name, const knot_dname_t *zone)
{
	const size_t len = knot_dname_size(name) - 1;
	const size_t zone_len = knot_dname_size(zone);
	if (len + zone_len > KNOT_DNAME_MAXLEN) {
		return false;
	}
	memcpy(name + len, zone, zone_len);
	return true;
}

/*! \brief Cuts the name of the zone off the end of a name. */
static void cut(const knot_dname_t *name, const knot_dname_t *zone, knot_dname_storage_t out)
{
	const size_t len = knot_dname_size(name) - knot_dname_size(zone);
	memcpy(out, name, len);
	out[len] = 0;
}

bool name_read_zone(const char *label, const char *text, knot_dname_storage_t zone)
{
	bool dot;
	if (!read_full(text, LABEL_ZONE, zone, &dot)) {
		text_error("%s '%s' is not a domain name, write it like example.com", label, text);
		return false;
	}
	return true;
}

/*! \brief Refuses a host that would end in the name of the zone twice. */
static void refuse_doubled(const char *text, const knot_dname_t *host, const knot_dname_t *zone)
{
	knot_dname_storage_t rest = "";
	name_str_t host_str = "";
	name_str_t zone_str = "";
	name_str_t rest_str = "";
	cut(host, zone, rest);
	name_str(host, host_str);
	name_str(zone, zone_str);

	if (*rest == 0) {
		text_error("HOST '%s' is relative to the zone and would create %s%s; "
		           "write @ for the zone itself",
		           text, host_str, zone_str);
	} else {
		name_str(rest, rest_str);
		rest_str[strlen(rest_str) - 1] = '\0';
		text_error("HOST '%s' is relative to the zone and would create %s%s; "
		           "write %s, or @ for the zone itself",
		           text, host_str, zone_str, rest_str);
	}
}

bool name_read_host(const char *text, const knot_dname_t *zone, knot_dname_storage_t host)
{
	if (strcmp(text, "@") == 0) {
		memcpy(host, zone, knot_dname_size(zone));
		return true;
	}

	name_str_t zone_str = "";
	bool dot;
	name_str(zone, zone_str);
	if (!read_full(text, LABEL_OWNER, host, &dot) || *host == 0) {
		text_error("HOST '%s' is not a host name; write a name such as www, or @ for the "
		           "zone itself",
		           text);
		return false;
	}
	if (dot) {
		if (knot_dname_in_bailiwick(host, zone) >= 0) {
			return true;
		}
		text_error("HOST '%s' is not in the zone %s; write it without the final dot if it "
		           "shall be below it",
		           text, zone_str);
		return false;
	}
	if (*zone != 0 && knot_dname_in_bailiwick(host, zone) >= 0) {
		refuse_doubled(text, host, zone);
		return false;
	}
	if (!append(host, zone)) {
		text_error("HOST '%s' is too long together with the zone's name, a name has at "
		           "most 255 octets",
		           text);
		return false;
	}
	return true;
}

bool name_text_is_address(const char *text)
{
	uint8_t buf[sizeof(struct in6_addr)];
	const size_t open = (*text == '[');
	char *address = need(strdup(text + open));
	size_t len = strlen(address);
	if (len > 0 && address[len - 1] == '.') {
		address[--len] = '\0';
	}
	if (open == 1 && len > 0 && address[len - 1] == ']') {
		address[--len] = '\0';
	}
	const bool is =
		inet_pton(AF_INET, address, buf) == 1 || inet_pton(AF_INET6, address, buf) == 1;
	free(address);

	return is;
}

/*! \brief What to write as a VALUE. */
#define WRITE_VALUE                                                                            \
	"write the name of a mail server, never its IP address, such as mail.example.com, or " \
	"mail for a host of the zone"

/*! \brief Reads an exchange of any labels. */
static bool read_value(const char *text, const knot_dname_t *zone, knot_dname_storage_t exchange)
{
	bool dot;
	if (strcmp(text, ".") == 0) {
		*exchange = 0;
		return true;
	}
	if (strcmp(text, "@") == 0) {
		memcpy(exchange, zone, knot_dname_size(zone));
		return true;
	}
	if (!read_full(text, LABEL_ANY, exchange, &dot)) {
		text_error("VALUE '%s' is not a name; " WRITE_VALUE, text);
		return false;
	}
	const bool full = dot || knot_dname_labels(exchange, NULL) > 1;
	if (!full && !append(exchange, zone)) {
		text_error("VALUE '%s' is too long together with the zone's name, a name has at "
		           "most 255 octets",
		           text);
		return false;
	}
	return true;
}

bool name_read_exchange(const char *text, const knot_dname_t *zone, knot_dname_storage_t exchange)
{
	if (!read_value(text, zone, exchange)) {
		return false;
	}
	const mxp_host_t host = mxp_host_check(exchange);
	// The null MX, and names that prove who owns a domain, are fine or not as the others are.
	if (host == MXP_HOST_FINE || host == MXP_HOST_NULL || host == MXP_HOST_VERIFICATION) {
		return true;
	}
	text_error("VALUE '%s' %s; " WRITE_VALUE, text, mxp_host_str(host));
	return false;
}

bool name_read_stored(const char *text, const knot_dname_t *zone, knot_dname_storage_t exchange)
{
	return read_value(text, zone, exchange);
}

bool name_is_doubled(const knot_dname_t *name, const knot_dname_t *zone)
{
	if (*zone == 0 || knot_dname_in_bailiwick(name, zone) < 0) {
		return false;
	}
	knot_dname_storage_t rest = "";
	cut(name, zone, rest);
	return knot_dname_in_bailiwick(rest, zone) >= 0;
}

bool name_is_address(const knot_dname_t *name, const knot_dname_t *zone)
{
	knot_dname_storage_t rest = "";
	const bool in_zone = knot_dname_in_bailiwick(name, zone) >= 0;
	cut(name, in_zone ? zone : (const knot_dname_t *)"", rest);

	char text[KNOT_DNAME_MAXLEN + 1] = "";
	size_t len = 0;
	for (const uint8_t *label = rest; *label != 0; label += 1 + *label) {
		memcpy(text + len, label + 1, *label);
		len += *label;
		text[len++] = '.';
	}
	return name_text_is_address(text);
}

bool name_without_zone(const knot_dname_t *name, const knot_dname_t *zone, knot_dname_storage_t out)
{
	if (knot_dname_in_bailiwick(name, zone) <= 0) {
		return false;
	}
	cut(name, zone, out);
	return true;
}
