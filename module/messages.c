/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "messages.h"

/*! Longest message, in octets; the server's own limit is lower. */
#define MESSAGE_LEN 1024

mxp_message_t *mxp_messages;

/*! When the last message came, in milliseconds. */
static uint64_t last_ms;

void mxp_messages_add(int priority, const char *fmt, ...)
{
	// A reload keeps this code in memory, so the first message is that after the server's
	// start.
	static bool begun;
	char text[MESSAGE_LEN];
	const bool is_first = !__atomic_exchange_n(&begun, true, __ATOMIC_RELAXED);
	const int len =
		snprintf(text, sizeof(text), "%s", is_first ? "version " MXP_VERSION ", " : "");
	va_list args;
	va_start(args, fmt);
	vsnprintf(text + len, sizeof(text) - (size_t)len, fmt, args);
	va_end(args);

	const size_t size = strlen(text) + 1;
	mxp_message_t *message = malloc(sizeof(*message) + size);
	if (message == NULL) {
		return;
	}
	message->priority = priority;
	memcpy(message->text, text, size);
	__atomic_store_n(&last_ms, mxp_clock_ms(), __ATOMIC_RELAXED);
	message->next = __atomic_load_n(&mxp_messages, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&mxp_messages, &message->next, message, true,
	                                    __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
	}
}

/*! \brief Takes all messages, the first one first. */
static mxp_message_t *detach_all(void)
{
	mxp_message_t *last = __atomic_exchange_n(&mxp_messages, NULL, __ATOMIC_ACQUIRE);
	mxp_message_t *first = NULL;
	while (last != NULL) {
		mxp_message_t *before = last->next;
		last->next = first;
		first = last;
		last = before;
	}
	return first;
}

void mxp_messages_log(mxp_log_f log, void *ctx)
{
	mxp_message_t *message = detach_all();
	while (message != NULL) {
		mxp_message_t *next = message->next;
		if (log != NULL) {
			log(ctx, message->priority, message->text);
		}
		free(message);
		message = next;
	}
}

uint64_t mxp_messages_since_ms(void)
{
	return mxp_messages_waiting() ? __atomic_load_n(&last_ms, __ATOMIC_RELAXED) : 0;
}

void mxp_messages_drop(void)
{
	mxp_messages_log(NULL, NULL);
}
