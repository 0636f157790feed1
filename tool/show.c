/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "commands.h"
#include "control.h"
#include "differs.h"
#include "instance.h"
#include "lint.h"
#include "names.h"
#include "output.h"
#include "zone.h"

/*! \brief Prints a report; with a connection, the server itself is asked as well. */
static int report(const options_t *options, const zone_t *zone, instance_t *instance,
                  control_t *control)
{
	bool wrong;
	instance_load(instance);
	json_t *data = lint_report(zone, instance, &wrong);
	if (control != NULL && !instance->is_catalog && differs_check(control, zone->name, data)) {
		wrong = true;
	}
	if (options->json) {
		output_json(data);
	} else {
		output_report(data);
	}
	json_decref(data);

	return wrong ? STATUS_WRONG : STATUS_DONE;
}

int command_lint(const options_t *options, int argc, char **argv)
{
	(void)argc;
	knot_dname_storage_t origin = "";
	if (options->origin != NULL && !name_read_zone("ORIGIN", options->origin, origin)) {
		return STATUS_WRONG;
	}
	zone_t *zone = zone_read_file(argv[0], options->origin != NULL ? origin : NULL);
	if (zone == NULL) {
		return STATUS_WRONG;
	}
	instance_t instance = instance_default(options->map, options->builtin);
	const int status = report(options, zone, &instance, NULL);
	instance_free(&instance);
	zone_free(zone);

	return status;
}

int command_show(const options_t *options, int argc, char **argv)
{
	(void)argc;
	knot_dname_storage_t name = "";
	control_t control;
	if (!name_read_zone("ZONE", argv[0], name) ||
	    !control_connect(&control, options->socket, options->timeout, name)) {
		return STATUS_WRONG;
	}
	int status = STATUS_WRONG;
	zone_t *zone = NULL;
	instance_t instance;
	if (instance_read(&control, options->map, options->builtin, &instance)) {
		zone = control_read_zone(&control, name);
	}
	if (zone != NULL) {
		status = report(options, zone, &instance, &control);
	}
	zone_free(zone);
	instance_free(&instance);
	control_close(&control);

	return status;
}
