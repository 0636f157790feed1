/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf.h"
#include "text.h"

#define MODULE "mod-mxpreset/"

/*! \brief A switch that may not be set. */
typedef enum {
	UNSET,
	OFF,
	ON,
} switch_t;

/*! \brief Items of a zone or a template. */
typedef struct {
	char *id;            /*!< Name of the zone or template. */
	bool has_module;     /*!< `module` is set. */
	switch_t signing;    /*!< `dnssec-signing` */
	switch_t is_catalog; /*!< `catalog-role` is that of a catalog. */
	char *module;        /*!< First instance of ours among its modules: it answers. */
	char *template;      /*!< `template` */
	char **members;      /*!< `catalog-template` */
	size_t member_count; /*!< Number of these. */
} items_t;

/*! The items that are read, for all zones one by one: the server looks up each item of each zone,
    and has some sixty. */
static const char *const names[] = { "module", "template", "dnssec-signing", "catalog-role",
	                             "catalog-template" };

bool conf_read(control_t *control, const char *section, const char *id, const char *item,
               control_unit_f unit, void *ctx)
{
	knot_ctl_data_t request = {
		[KNOT_CTL_IDX_CMD] = "conf-read",
		[KNOT_CTL_IDX_SECTION] = section,
		[KNOT_CTL_IDX_ID] = id,
		[KNOT_CTL_IDX_ITEM] = item,
	};
	return control_call(control, &request, unit, ctx) || control->ctl != NULL;
}

const char *conf_item(const knot_ctl_data_t *unit, const char **value)
{
	const char *item = (*unit)[KNOT_CTL_IDX_ITEM];
	*value = (*unit)[KNOT_CTL_IDX_DATA] != NULL ? (*unit)[KNOT_CTL_IDX_DATA] : "";
	return item != NULL ? item : "";
}

static int cmp_items(const void *a, const void *b)
{
	return strcasecmp(((const items_t *)a)->id, ((const items_t *)b)->id);
}

static const items_t *find(void *const *tree, const char *id)
{
	static const items_t nothing = { .id = NULL };
	const items_t key = { .id = (char *)id };
	items_t *const *found = id != NULL ? tfind(&key, tree, cmp_items) : NULL;
	return found != NULL ? *found : &nothing;
}

static items_t *make(void **tree, const char *id)
{
	items_t *items = (items_t *)find(tree, id);
	if (items->id == NULL) {
		items = need(calloc(1, sizeof(*items)));
		items->id = need(strdup(id));
		need(tsearch(items, tree, cmp_items));
	}
	return items;
}

static void set(char **text, const char *value)
{
	free(*text);
	*text = need(strdup(value));
}

static void add_member(items_t *items, const char *value)
{
	const size_t size = (items->member_count + 1) * sizeof(*items->members);
	items->members = need(realloc(items->members, size));
	items->members[items->member_count++] = need(strdup(value));
}

static void read_unit(const knot_ctl_data_t *unit, void *ctx)
{
	const char *id = (*unit)[KNOT_CTL_IDX_ID];
	const char *value;
	const char *item = conf_item(unit, &value);
	if (id == NULL) {
		return;
	}
	items_t *items = make(ctx, id);
	if (strcmp(item, "module") == 0) {
		items->has_module = true;
		if (items->module == NULL && strncmp(value, MODULE, strlen(MODULE)) == 0) {
			set(&items->module, value + strlen(MODULE));
		}
	} else if (strcmp(item, "template") == 0) {
		set(&items->template, value);
	} else if (strcmp(item, "dnssec-signing") == 0) {
		items->signing = (strcmp(value, "on") == 0) ? ON : OFF;
	} else if (strcmp(item, "catalog-role") == 0) {
		const bool is = strcmp(value, "interpret") == 0 || strcmp(value, "generate") == 0;
		items->is_catalog = is ? ON : OFF;
	} else if (strcmp(item, "catalog-template") == 0) {
		add_member(items, value);
	}
}

bool conf_read_templates(control_t *control, conf_t *conf)
{
	return conf_read(control, "template", NULL, NULL, read_unit, &conf->templates);
}

bool conf_read_zone(control_t *control, const char *zone, conf_t *conf)
{
	return conf_read(control, "zone", zone, NULL, read_unit, &conf->zones);
}

bool conf_read_zones(control_t *control, conf_t *conf)
{
	bool done = true;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names) && done; i++) {
		done = conf_read(control, "zone", NULL, names[i], read_unit, &conf->zones);
	}
	return done;
}

char *conf_catalog_name(const char *catalog)
{
	return need(strndup(catalog, strcspn(catalog, "#")));
}

/*! \brief Finds the template of a catalog's member: that of its group, or else the first. */
static const char *member_template(const conf_t *conf, const char *catalog)
{
	char *name = conf_catalog_name(catalog);
	const char *group = catalog + strlen(name);
	group += (*group == '#');
	const items_t *items = find(&conf->zones, name);
	if (items->member_count == 0) {
		items = find(&conf->templates, items->template);
	}
	const char *found = items->member_count > 0 ? items->members[0] : NULL;
	for (size_t i = 0; i < items->member_count; i++) {
		if (strcmp(items->members[i], group) == 0) {
			found = items->members[i];
		}
	}
	free(name);

	return found;
}

conf_zone_t conf_find(const conf_t *conf, const char *zone, const char *catalog)
{
	const items_t *own = find(&conf->zones, zone);
	const char *template = own->template;
	if (template == NULL && catalog != NULL) {
		template = member_template(conf, catalog);
	}
	const items_t *shared = find(&conf->templates, template != NULL ? template : "default");
	const switch_t signing = own->signing != UNSET ? own->signing : shared->signing;
	const switch_t is_catalog = own->is_catalog != UNSET ? own->is_catalog : shared->is_catalog;
	return (conf_zone_t){
		// Nobody is told the MX of a catalog: the server refuses the query.
		.module = is_catalog == ON  ? NULL
		          : own->has_module ? own->module
		                            : shared->module,
		.signing = (signing == ON),
		.is_catalog = (is_catalog == ON),
	};
}

static void free_items(void *ptr)
{
	items_t *items = ptr;
	for (size_t i = 0; i < items->member_count; i++) {
		free(items->members[i]);
	}
	free(items->members);
	free(items->module);
	free(items->template);
	free(items->id);
	free(items);
}

void conf_free(conf_t *conf)
{
	tdestroy(conf->zones, free_items);
	tdestroy(conf->templates, free_items);
	*conf = (conf_t){ .zones = NULL };
}
