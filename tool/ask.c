/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <libknot/descriptor.h>
#include <libknot/errcode.h>
#include <libknot/packet/wire.h>

#include "ask.h"
#include "text.h"

#define PORT 53
/*! Attempts over UDP, and how long each of them waits. */
#define ATTEMPTS   3
#define TIMEOUT_MS 1000
/*! Largest answer over UDP without EDNS. */
#define UDP_SIZE 512

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

static int open_socket(const struct sockaddr_storage *address, int type)
{
	const socklen_t len = address->ss_family == AF_INET ? sizeof(struct sockaddr_in)
	                                                    : sizeof(struct sockaddr_in6);
	const int fd = socket(address->ss_family, type | SOCK_CLOEXEC, 0);
	const struct timeval timeout = { .tv_sec = TIMEOUT_MS / 1000 };
	if (fd >= 0) {
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	}
	if (fd >= 0 && connect(fd, (const struct sockaddr *)address, len) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static knot_pkt_t *make_query(const knot_dname_t *name)
{
	uint16_t id = 0;
	knot_pkt_t *query = need(knot_pkt_new(NULL, UDP_SIZE, NULL));
	(void)!getrandom(&id, sizeof(id), 0);
	knot_wire_set_id(query->wire, id);
	if (knot_pkt_put_question(query, name, KNOT_CLASS_IN, KNOT_RRTYPE_MX) != KNOT_EOK) {
		need(NULL);
	}
	return query;
}

/*! \brief Parses what was received; NULL if that is no answer to the query. */
static knot_pkt_t *parse(const knot_pkt_t *query, uint8_t *wire, size_t size)
{
	knot_pkt_t *answer = need(knot_pkt_new(wire, (uint16_t)size, NULL));
	if (knot_pkt_parse(answer, 0) != KNOT_EOK || !knot_wire_get_qr(wire) ||
	    knot_wire_get_id(wire) != knot_wire_get_id(query->wire) ||
	    knot_pkt_qtype(answer) != KNOT_RRTYPE_MX || knot_pkt_qname(answer) == NULL ||
	    !knot_dname_is_case_equal(knot_pkt_qname(answer), knot_pkt_qname(query))) {
		knot_pkt_free(answer);
		return NULL;
	}
	return answer;
}

/*! \brief Asks once over UDP; what is no answer to the query is passed over. */
static knot_pkt_t *ask_udp(const struct sockaddr_storage *address, const knot_pkt_t *query,
                           uint8_t *buf)
{
	const int fd = open_socket(address, SOCK_DGRAM);
	knot_pkt_t *answer = NULL;
	if (fd < 0) {
		return NULL;
	}
	ssize_t len = send(fd, query->wire, query->size, 0);
	while (answer == NULL && len > 0) {
		len = recv(fd, buf, KNOT_WIRE_MAX_PKTSIZE, 0);
		answer = len > 0 ? parse(query, buf, (size_t)len) : NULL;
	}
	close(fd);

	return answer;
}

static bool receive_all(int fd, uint8_t *buf, size_t size)
{
	while (size > 0) {
		const ssize_t len = recv(fd, buf, size, 0);
		if (len <= 0) {
			return false;
		}
		buf += len;
		size -= (size_t)len;
	}
	return true;
}

static knot_pkt_t *ask_tcp(const struct sockaddr_storage *address, const knot_pkt_t *query,
                           uint8_t *buf)
{
	const int fd = open_socket(address, SOCK_STREAM);
	knot_pkt_t *answer = NULL;
	if (fd < 0) {
		return NULL;
	}
	uint8_t message[sizeof(uint16_t) + UDP_SIZE];
	knot_wire_write_u16(message, (uint16_t)query->size);
	memcpy(message + sizeof(uint16_t), query->wire, query->size);
	const size_t size = sizeof(uint16_t) + query->size;
	if (send(fd, message, size, MSG_NOSIGNAL) == (ssize_t)size &&
	    receive_all(fd, message, sizeof(uint16_t))) {
		const uint16_t len = knot_wire_read_u16(message);
		if (len >= KNOT_WIRE_HEADER_SIZE && receive_all(fd, buf, len)) {
			answer = parse(query, buf, len);
		}
	}
	close(fd);

	return answer;
}

knot_pkt_t *ask_mx(const struct sockaddr_storage *address, const knot_dname_t *name)
{
	static uint8_t buf[KNOT_WIRE_MAX_PKTSIZE];
	knot_pkt_t *query = make_query(name);
	knot_pkt_t *answer = NULL;
	for (size_t i = 0; i < ATTEMPTS && answer == NULL; i++) {
		answer = ask_udp(address, query, buf);
	}
	if (answer != NULL && knot_wire_get_tc(answer->wire)) {
		knot_pkt_free(answer);
		answer = ask_tcp(address, query, buf);
	}
	knot_pkt_free(query);

	return answer;
}
