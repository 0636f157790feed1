/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "maplog.h"
#include "messages.h"

/*! Most names in one line, and most octets of them: the server's line has 512 octets. */
#define NAMES     10
#define NAMES_LEN 300

void mxp_log_refused(const char *path, const mxp_first_error_t *error, mxp_serving_t serving,
                     const mxp_map_t *map)
{
	static const char *const what[] = {
		[MXP_SERVING_NOTHING] = "",
		[MXP_SERVING_BEFORE] = ", the last good one keeps serving",
		[MXP_SERVING_COPY] = ", the copy of the last good one serves",
	};
	char version[sizeof(map->version) + sizeof(", version ")] = "";
	char line[32] = " ";
	char more[64] = "";
	if (map != NULL) {
		snprintf(version, sizeof(version), ", version %s", map->version);
	}
	if (error->line > 0) {
		snprintf(line, sizeof(line), "%zu: ", error->line);
	}
	if (error->count > 1) {
		snprintf(more, sizeof(more), " (and %zu more error%s)", error->count - 1,
		         error->count > 2 ? "s" : "");
	}
	mxp_messages_add(LOG_ERR, "preset map refused%s%s, %s:%s%s%s", what[serving], version, path,
	                 line, error->reason, more);
}

void mxp_log_missing_file(const char *path)
{
	mxp_messages_add(LOG_WARNING, "preset map does not exist yet, %s", path);
}

void mxp_log_lacking(const char *path, const char *item, const char *name)
{
	mxp_messages_add(LOG_ERR, "%s: the preset map lacks %s '%s'", path, item, name);
}

/*! \brief Logs which names of a map are gone in the next one. */
static void log_gone(const char *path, const mxp_map_t *map, const mxp_map_t *before)
{
	char names[NAMES_LEN] = "";
	size_t len = 0;
	size_t listed = 0;
	size_t count = 0;
	for (size_t i = 0; i < before->count; i++) {
		const char *name = before->presets[i].name;
		if (mxp_map_find(map, mxp_span(name)) != NULL) {
			continue;
		}
		count++;
		if (listed < NAMES && len + 2 + strlen(name) < sizeof(names)) {
			len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s",
			                        listed > 0 ? ", " : "", name);
			listed++;
		}
	}
	if (count > listed) {
		mxp_messages_add(LOG_WARNING, "%s: presets are gone: %s and %zu more", path, names,
		                 count - listed);
	} else if (count > 0) {
		mxp_messages_add(LOG_WARNING, "%s: presets are gone: %s", path, names);
	}
}

void mxp_log_loaded(const char *path, const mxp_map_t *map, const mxp_map_t *before)
{
	size_t aliases = 0;
	for (size_t i = 0; i < map->count; i++) {
		aliases += (map->presets[i].alias != NULL);
	}
	mxp_messages_add(LOG_INFO, "preset map loaded, %s: %zu presets, %zu records, version %s",
	                 path, map->count - aliases, map->records, map->version);
	if (before != NULL) {
		log_gone(path, map, before);
	}
}

void mxp_log_writable(const char *path, const char *writers)
{
	mxp_messages_add(LOG_WARNING, "%s: the preset map is not safe: %s", path, writers);
}

/*! \brief Words for an error of the system. */
static const char *system_words(int error)
{
	const char *words = strerrordesc_np(error);
	return words != NULL ? words : "unknown error";
}

void mxp_log_polled(const char *path, int error)
{
	mxp_messages_add(LOG_WARNING, "%s: the preset map is polled only, not watched: %s", path,
	                 system_words(error));
}

void mxp_log_not_kept(const char *path, int error)
{
	mxp_messages_add(LOG_WARNING, "no copy of the preset map can be kept, %s: %s", path,
	                 system_words(error));
}
