/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief The commands.
 */

#pragma once

#include <stdbool.h>

#include <jansson.h>

/*! \brief Exit statuses. */
enum {
	STATUS_DONE = 0,  /*!< Done. */
	STATUS_WRONG = 1, /*!< Refused, or found wrong. */
	STATUS_USAGE = 2, /*!< Not called as it must be. */
};

/*! \brief Options. */
typedef struct {
	const char *socket;  /*!< Path of the control socket. */
	bool asks_server;    /*!< The control socket is given. */
	int timeout;         /*!< Longest wait for the server in milliseconds, 0 for ever. */
	bool all;            /*!< All zones. */
	bool dry_run;        /*!< Change nothing. */
	bool json;           /*!< Output is JSON. */
	const char *origin;  /*!< Name of the zone (NULL if not set). */
	const char *map;     /*!< Path of the preset map (NULL if not set). */
	const char *builtin; /*!< Name of the built-in, the last one given (NULL if not set). */
	const char **names;  /*!< All of them. */
	size_t name_count;   /*!< Number of names. */
} options_t;

/*!
 * \brief A command.
 *
 * \param options  Options.
 * \param argc     Number of arguments; it is within what the command takes.
 * \param argv     Arguments.
 *
 * \return Exit status.
 */
typedef int (*command_f)(const options_t *options, int argc, char **argv);

int command_check(const options_t *options, int argc, char **argv);  /*!< `check MAP` */
int command_diff(const options_t *options, int argc, char **argv);   /*!< `diff OLD NEW` */
int command_lint(const options_t *options, int argc, char **argv);   /*!< `lint ZONEFILE` */
int command_show(const options_t *options, int argc, char **argv);   /*!< `show ZONE` */
int command_list(const options_t *options, int argc, char **argv);   /*!< `list ...` */
int command_verify(const options_t *options, int argc, char **argv); /*!< `verify ZONE ...` */
int command_add(const options_t *options, int argc, char **argv);    /*!< `add ZONE HOST ...` */
int command_del(const options_t *options, int argc, char **argv);    /*!< `del ZONE HOST ...` */
int command_use(const options_t *options, int argc, char **argv);    /*!< `use ZONE PRESET ...` */
int command_reset(const options_t *options, int argc, char **argv);  /*!< `reset ZONE` */
int command_adopt(const options_t *options, int argc, char **argv);  /*!< `adopt ZONE` */
int command_freeze(const options_t *options, int argc, char **argv); /*!< `freeze ZONE` */
int command_import(const options_t *options, int argc, char **argv); /*!< `import TEMPLATE ...` */
