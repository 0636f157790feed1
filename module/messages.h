/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Messages about maps that wait for a zone in whose name they can be logged.
 *
 * A module can log in the name of its zone only, and the server frees that name before it unloads
 * the zone's modules: the thread that watches the maps cannot know if a name is still there. A hook
 * or a load can, since its zone lives until it returns. So messages are handed over to the next one
 * of these, without a lock.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*! \brief A message. */
typedef struct mxp_message {
	struct mxp_message *next; /*!< Message that came before. */
	int priority;             /*!< Priority as for syslog. */
	char text[];              /*!< Text. */
} mxp_message_t;

/*!
 * \brief Logs a message.
 *
 * \param ctx       Context.
 * \param priority  Priority as for syslog.
 * \param message   Message.
 */
typedef void (*mxp_log_f)(void *ctx, int priority, const char *message);

/*! Messages that wait, the last one first; only to be looked at by #mxp_messages_waiting. */
extern __attribute__((visibility("hidden"))) mxp_message_t *mxp_messages;

/*!
 * \brief Adds a message; it is lost if memory is exhausted.
 *
 * The first one after the server's start names the module's version.
 *
 * \param priority  Priority as for syslog.
 * \param fmt       Message.
 */
__attribute__((format(printf, 2, 3))) void mxp_messages_add(int priority, const char *fmt, ...);

/*!
 * \brief Tells if messages wait; this is all that a hook does as long as there are none.
 *
 * \return True if so.
 */
static inline bool mxp_messages_waiting(void)
{
	return __atomic_load_n(&mxp_messages, __ATOMIC_RELAXED) != NULL;
}

/*!
 * \brief Logs all messages that wait, in their order.
 *
 * \param log  Logs them.
 * \param ctx  Context of the call: a zone that lives until this returns.
 */
void mxp_messages_log(mxp_log_f log, void *ctx);

/*!
 * \brief Tells since when the last message waits.
 *
 * Only for whoever may take messages while nobody else does.
 *
 * \return Steady time in milliseconds, 0 if none waits.
 */
uint64_t mxp_messages_since_ms(void);

/*! \brief Drops all messages: nobody is left to log them. */
void mxp_messages_drop(void);
