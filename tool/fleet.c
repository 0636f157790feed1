/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "fleet.h"
#include "hash.h"
#include "text.h"

/*! \brief An instance as the configuration has it. */
typedef struct module {
	char *id;
	instance_t instance;
	bool loaded;  /*!< Its map is loaded, if it can be. */
	bool borrows; /*!< The map is that of another one with the same file. */
} module_t;

/*! \brief What is needed while zones are read. */
typedef struct {
	fleet_t *fleet;
	conf_t conf;
	bool follows; /*!< The zone whose status is being read is a secondary. */
	size_t room;  /*!< Number of zones that there is room for. */
} reading_t;

static module_t *find_module(fleet_t *fleet, const char *id)
{
	for (size_t i = 0; i < fleet->module_count; i++) {
		if (strcmp(fleet->modules[i].id, id) == 0) {
			return &fleet->modules[i];
		}
	}
	return NULL;
}

static module_t *make_module(fleet_t *fleet, const char *id)
{
	const size_t size = (fleet->module_count + 1) * sizeof(*fleet->modules);
	fleet->modules = need(realloc(fleet->modules, size));
	module_t *module = &fleet->modules[fleet->module_count++];
	*module = (module_t){
		.id = need(strdup(id)),
		.instance = instance_default(NULL, NULL),
	};
	return module;
}

static void read_module(const knot_ctl_data_t *unit, void *ctx)
{
	fleet_t *fleet = ctx;
	const char *id = (*unit)[KNOT_CTL_IDX_ID];
	const char *value;
	const char *item = conf_item(unit, &value);
	if (id == NULL) {
		return;
	}
	module_t *module = find_module(fleet, id);
	module = module != NULL ? module : make_module(fleet, id);
	instance_set(&module->instance, item, value);
}

/*! \brief Loads the map of an instance that is in use; each file once, however many use it. */
static void load_map(fleet_t *fleet, module_t *module)
{
	for (size_t i = 0; i < fleet->module_count && !module->loaded; i++) {
		const module_t *other = &fleet->modules[i];
		if (other->loaded && strcmp(other->instance.file, module->instance.file) == 0) {
			module->instance.map = other->instance.map;
			module->instance.map_wrong = other->instance.map_wrong;
			module->borrows = true;
			module->loaded = true;
		}
	}
	if (!module->loaded) {
		instance_load(&module->instance);
		module->loaded = true;
	}
}

static bool same(const instance_t *instance1, const instance_t *instance2)
{
	return instance1->file == instance2->file && instance1->active == instance2->active &&
	       instance1->follows == instance2->follows &&
	       instance1->is_catalog == instance2->is_catalog &&
	       instance1->leaves_signed == instance2->leaves_signed;
}

/*! \brief Finds or makes the instance with a zone's own settings: there are few. */
static const instance_t *suited(fleet_t *fleet, const conf_zone_t *zone, bool follows)
{
	instance_t wanted = { .active = false };
	module_t *module = zone->module != NULL ? find_module(fleet, zone->module) : NULL;
	if (module != NULL) {
		load_map(fleet, module);
		wanted = module->instance;
	}
	instance_suit(&wanted, zone, follows);
	wanted.active = (module != NULL);
	for (size_t i = 0; i < fleet->instance_count; i++) {
		if (same(fleet->instances[i], &wanted)) {
			return fleet->instances[i];
		}
	}
	const size_t size = (fleet->instance_count + 1) * sizeof(*fleet->instances);
	fleet->instances = need(realloc((void *)fleet->instances, size));
	instance_t *instance = need(malloc(sizeof(*instance)));
	*instance = wanted;
	fleet->instances[fleet->instance_count++] = instance;
	return instance;
}

static void add_zone(reading_t *reading, const char *name, const char *catalog)
{
	fleet_t *fleet = reading->fleet;
	if (fleet->count == reading->room) {
		reading->room = 2 * reading->room + 1024;
		fleet->zones = need(realloc(fleet->zones, reading->room * sizeof(*fleet->zones)));
	}
	const conf_zone_t zone = conf_find(&reading->conf, name, catalog);
	fleet->zones[fleet->count++] = (fleet_zone_t){
		.name = need(strdup(name)),
		.instance = suited(fleet, &zone, reading->follows),
	};
}

/*! \brief The role of a zone comes first, its catalog last. */
static void read_status(const knot_ctl_data_t *unit, void *ctx)
{
	reading_t *reading = ctx;
	const char *name = (*unit)[KNOT_CTL_IDX_ZONE];
	const char *type = (*unit)[KNOT_CTL_IDX_TYPE];
	const char *data = (*unit)[KNOT_CTL_IDX_DATA];
	if (name == NULL || type == NULL || data == NULL) {
		return;
	}
	if (strcmp(type, "role") == 0) {
		reading->follows = (strcmp(data, "slave") == 0);
	} else if (strcmp(type, "catalog") == 0) {
		add_zone(reading, name, data);
	}
}

static uint32_t *slot_of(const fleet_t *fleet, const char *name)
{
	size_t i = mxp_hash(MXP_HASH_START, name, strlen(name)) & fleet->slot_mask;
	while (fleet->slots[i] != 0 && strcmp(fleet->zones[fleet->slots[i] - 1].name, name) != 0) {
		i = (i + 1) & fleet->slot_mask;
	}
	return &fleet->slots[i];
}

static void index_zones(fleet_t *fleet)
{
	size_t size = 2;
	while (size < 2 * fleet->count) {
		size *= 2;
	}
	fleet->slots = need(calloc(size, sizeof(*fleet->slots)));
	fleet->slot_mask = size - 1;
	for (size_t i = 0; i < fleet->count; i++) {
		*slot_of(fleet, fleet->zones[i].name) = (uint32_t)i + 1;
	}
}

fleet_zone_t *fleet_find(const fleet_t *fleet, const char *name)
{
	const uint32_t slot = *slot_of(fleet, name);
	return slot != 0 ? &fleet->zones[slot - 1] : NULL;
}

bool fleet_read(control_t *control, fleet_t *fleet)
{
	*fleet = (fleet_t){ .count = 0 };
	reading_t reading = { .fleet = fleet };
	knot_ctl_data_t request = {
		[KNOT_CTL_IDX_CMD] = "zone-status",
		[CTL_FILTER] = "rc",
	};
	bool done = conf_read_templates(control, &reading.conf) &&
	            conf_read_zones(control, &reading.conf) &&
	            conf_read(control, "mod-mxpreset", NULL, NULL, read_module, fleet);
	if (done) {
		done = control_call(control, &request, read_status, &reading);
	}
	if (!done) {
		text_error("the zones of the server cannot be listed: %s", control->error);
	}
	conf_free(&reading.conf);
	index_zones(fleet);

	return done;
}

bool fleet_map_is_wrong(const fleet_t *fleet)
{
	for (size_t i = 0; i < fleet->instance_count; i++) {
		if (fleet->instances[i]->map_wrong) {
			return true;
		}
	}
	return false;
}

void fleet_free(fleet_t *fleet)
{
	for (size_t i = 0; i < fleet->count; i++) {
		free(fleet->zones[i].name);
	}
	for (size_t i = 0; i < fleet->instance_count; i++) {
		free(fleet->instances[i]);
	}
	for (size_t i = 0; i < fleet->module_count; i++) {
		module_t *module = &fleet->modules[i];
		module->instance.map = module->borrows ? NULL : module->instance.map;
		instance_free(&module->instance);
		free(module->id);
	}
	free(fleet->modules);
	free((void *)fleet->instances);
	free(fleet->zones);
	free(fleet->slots);
	*fleet = (fleet_t){ .count = 0 };
}
