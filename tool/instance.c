/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdlib.h>
#include <string.h>

#include <libknot/errcode.h>
#include <libknot/error.h>

#include "instance.h"
#include "reader.h"
#include "text.h"

#define MODULE          "mod-mxpreset/"
#define DEFAULT_BUILTIN "house"

/*! \brief Items of a zone, of its template, or of its catalog's. */
typedef struct {
	bool has_module;  /*!< `module` is set. */
	char *id;         /*!< First instance of ours among them: it answers. */
	char *template;   /*!< `template` */
	char *signing;    /*!< `dnssec-signing` */
	char *role;       /*!< `catalog-role` */
	char *group;      /*!< Group of the zone in its catalog. */
	char *member_tpl; /*!< `catalog-template` for that group. */
} zone_conf_t;

static void set(char **text, const char *value)
{
	free(*text);
	*text = need(strdup(value));
}

instance_t instance_default(const char *file, const char *builtin)
{
	return (instance_t){
		.active = true,
		.file = need(strdup(file != NULL ? file : CONFIG_DIR "/mx-presets.zone")),
		.rules = {
			.builtin = need(strdup(builtin != NULL ? builtin : DEFAULT_BUILTIN)),
			.marker = true,
			.filter = true,
		},
	};
}

/*! \brief Reads all items of a part of the configuration, if there is one. False if no answer. */
static bool read_conf(control_t *control, const char *section, const char *id, control_unit_f unit,
                      void *ctx)
{
	knot_ctl_data_t request = {
		[KNOT_CTL_IDX_CMD] = "conf-read",
		[KNOT_CTL_IDX_SECTION] = section,
		[KNOT_CTL_IDX_ID] = id,
	};
	return control_call(control, &request, unit, ctx) || control->ctl != NULL;
}

/*! \brief Item and value of a unit. */
static const char *item_of(const knot_ctl_data_t *unit, const char **value)
{
	const char *item = (*unit)[KNOT_CTL_IDX_ITEM];
	*value = (*unit)[KNOT_CTL_IDX_DATA] != NULL ? (*unit)[KNOT_CTL_IDX_DATA] : "";
	return item != NULL ? item : "";
}

static void read_zone_item(const knot_ctl_data_t *unit, void *ctx)
{
	zone_conf_t *conf = ctx;
	const char *value;
	const char *item = item_of(unit, &value);
	if (strcmp(item, "module") == 0) {
		conf->has_module = true;
		if (conf->id == NULL && strncmp(value, MODULE, strlen(MODULE)) == 0) {
			set(&conf->id, value + strlen(MODULE));
		}
	} else if (strcmp(item, "template") == 0) {
		set(&conf->template, value);
	} else if (strcmp(item, "dnssec-signing") == 0) {
		set(&conf->signing, value);
	} else if (strcmp(item, "catalog-role") == 0) {
		set(&conf->role, value);
	} else if (strcmp(item, "catalog-template") == 0 &&
	           (conf->member_tpl == NULL ||
	            (conf->group != NULL && strcmp(value, conf->group) == 0))) {
		set(&conf->member_tpl, value);
	}
}

static void clear_conf(zone_conf_t *conf)
{
	free(conf->id);
	free(conf->template);
	free(conf->signing);
	free(conf->role);
	free(conf->group);
	free(conf->member_tpl);
	*conf = (zone_conf_t){ .id = NULL };
}

/*! \brief What the server tells about a zone. */
typedef struct {
	bool follows;
	char *catalog;
} status_t;

static void read_status_unit(const knot_ctl_data_t *unit, void *ctx)
{
	status_t *status = ctx;
	const char *type = (*unit)[KNOT_CTL_IDX_TYPE];
	const char *data = (*unit)[KNOT_CTL_IDX_DATA];
	if (type == NULL || data == NULL) {
		return;
	}
	if (strcmp(type, "role") == 0) {
		status->follows = (strcmp(data, "slave") == 0);
	} else if (strcmp(type, "catalog") == 0 && strcmp(data, "-") != 0) {
		set(&status->catalog, data);
	}
}

/*! \brief Finds the template of a catalog's member. */
static bool read_member(control_t *control, const char *catalog, zone_conf_t *conf)
{
	zone_conf_t of_catalog = { .id = NULL };
	char *name = need(strdup(catalog));
	char *group = strchr(name, '#');
	if (group != NULL) {
		*group++ = '\0';
		set(&of_catalog.group, group);
	}
	bool done = read_conf(control, "zone", name, read_zone_item, &of_catalog);
	if (done && of_catalog.member_tpl == NULL && of_catalog.template != NULL) {
		done = read_conf(control, "template", of_catalog.template, read_zone_item,
		                 &of_catalog);
	}
	if (of_catalog.member_tpl != NULL) {
		set(&conf->template, of_catalog.member_tpl);
	}
	clear_conf(&of_catalog);
	free(name);

	return done;
}

/*! \brief Reads a zone's items: its own, or else those of its template. */
static bool read_zone_conf(control_t *control, const char *catalog, zone_conf_t *conf)
{
	bool done = read_conf(control, "zone", control->zone, read_zone_item, conf);
	if (done && conf->template == NULL && catalog != NULL) {
		done = read_member(control, catalog, conf);
	}

	zone_conf_t shared = { .id = NULL };
	done = done &&
	       read_conf(control, "template", conf->template != NULL ? conf->template : "default",
	                 read_zone_item, &shared);
	if (!conf->has_module && shared.id != NULL) {
		set(&conf->id, shared.id);
	}
	if (conf->signing == NULL && shared.signing != NULL) {
		set(&conf->signing, shared.signing);
	}
	if (conf->role == NULL && shared.role != NULL) {
		set(&conf->role, shared.role);
	}
	clear_conf(&shared);

	return done;
}

static void add_param(mxp_rules_t *rules, const char *value)
{
	const size_t count = rules->param_count;
	mxp_param_t *params =
		need(realloc((void *)rules->params, (count + 1) * sizeof(*rules->params)));
	params[count] = mxp_span_split(mxp_span(need(strdup(value))));
	rules->params = params;
	rules->param_count = count + 1;
}

static void read_item(const knot_ctl_data_t *unit, void *ctx)
{
	instance_t *instance = ctx;
	mxp_rules_t *rules = &instance->rules;
	const char *value;
	const char *item = item_of(unit, &value);
	const bool on = (strcmp(value, "on") == 0);
	if (strcmp(item, "map-file") == 0) {
		set(&instance->file, value);
	} else if (strcmp(item, "builtin") == 0) {
		set((char **)&rules->builtin, value);
	} else if (strcmp(item, "preset") == 0) {
		set((char **)&rules->preset, value);
	} else if (strcmp(item, "param") == 0) {
		add_param(rules, value);
	} else if (strcmp(item, "marker") == 0) {
		rules->marker = on;
	} else if (strcmp(item, "filter") == 0) {
		rules->filter = on;
	} else if (strcmp(item, "spf") == 0) {
		rules->spf = on;
	} else if (strcmp(item, "dnssec") == 0) {
		instance->leaves_signed = (strcmp(value, "off") == 0);
	}
}

/*! \brief Asks the server for the zone's role and catalog. */
static bool read_status(control_t *control, status_t *status)
{
	knot_ctl_data_t request = {
		[KNOT_CTL_IDX_CMD] = "zone-status",
		[KNOT_CTL_IDX_ZONE] = control->zone,
	};
	if (control_call(control, &request, read_status_unit, status)) {
		return true;
	}
	if (strcmp(control->error, knot_strerror(KNOT_ENOZONE)) == 0) {
		text_error("ZONE '%s' is not one of the server's zones; write the name of the "
		           "whole zone, without a host before it",
		           control->zone);
	} else {
		text_error("ZONE '%s': %s", control->zone, control->error);
	}
	return false;
}

bool instance_read(control_t *control, const char *file, const char *builtin, instance_t *instance)
{
	*instance = instance_default(NULL, NULL);
	status_t status = { .catalog = NULL };
	zone_conf_t conf = { .id = NULL };
	bool done = read_status(control, &status);
	if (done) {
		done = read_zone_conf(control, status.catalog, &conf) &&
		       (conf.id == NULL ||
		        read_conf(control, "mod-mxpreset", conf.id, read_item, instance));
		if (!done) {
			text_error("ZONE '%s': its configuration cannot be read: %s", control->zone,
			           control->error);
		}
	}
	instance->follows = status.follows;
	instance->is_catalog = conf.role != NULL && (strcmp(conf.role, "interpret") == 0 ||
	                                             strcmp(conf.role, "generate") == 0);
	instance->active = (conf.id != NULL || file != NULL || builtin != NULL);
	instance->leaves_signed |= (conf.signing == NULL || strcmp(conf.signing, "on") != 0);
	clear_conf(&conf);
	free(status.catalog);

	if (file != NULL) {
		set(&instance->file, file);
	}
	if (builtin != NULL) {
		set((char **)&instance->rules.builtin, builtin);
	}
	return done;
}

void instance_load(instance_t *instance)
{
	if (!instance->active) {
		return;
	}
	mxp_first_error_t first = { .count = 0 };
	if (mxp_map_load(&instance->map, instance->file, mxp_first_error_add, &first) != KNOT_EOK) {
		text_place(instance->file, first.line, first.reason);
		instance->map_wrong = true;
	}
}

void instance_free(instance_t *instance)
{
	for (size_t i = 0; i < instance->rules.param_count; i++) {
		free((void *)instance->rules.params[i].name.data);
	}
	free((void *)instance->rules.params);
	free((void *)instance->rules.builtin);
	free((void *)instance->rules.preset);
	free(instance->file);
	mxp_map_free(instance->map);
	*instance = (instance_t){ .active = false };
}
