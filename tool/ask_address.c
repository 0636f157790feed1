/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"

#define PORT 53

static bool read_port(const char *text, uint16_t *port)
{
	char *end = NULL;
	const unsigned long number = strtoul(text, &end, 10);
	*port = (uint16_t)number;
	return *text >= '0' && *text <= '9' && *end == '\0' && number > 0 && number <= UINT16_MAX;
}

bool ask_address(const char *text, struct sockaddr_storage *address)
{
	char host[INET6_ADDRSTRLEN] = "";
	const size_t len = strcspn(text, "@");
	uint16_t port = PORT;
	if (len >= sizeof(host) || (text[len] == '@' && !read_port(text + len + 1, &port))) {
		return false;
	}
	memcpy(host, text, len);
	memset(address, 0, sizeof(*address));

	struct sockaddr_in *ipv4 = (struct sockaddr_in *)address;
	struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)address;
	if (inet_pton(AF_INET, host, &ipv4->sin_addr) == 1) {
		ipv4->sin_family = AF_INET;
		ipv4->sin_port = htons(port);
		if (ipv4->sin_addr.s_addr == htonl(INADDR_ANY)) {
			ipv4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		}
		return true;
	}
	if (inet_pton(AF_INET6, host, &ipv6->sin6_addr) == 1) {
		ipv6->sin6_family = AF_INET6;
		ipv6->sin6_port = htons(port);
		if (IN6_IS_ADDR_UNSPECIFIED(&ipv6->sin6_addr)) {
			ipv6->sin6_addr = in6addr_loopback;
		}
		return true;
	}
	return false;
}
