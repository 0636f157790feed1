/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cause.h"
#include "item.h"
#include "name.h"
#include "recall.h"
#include "section.h"
#include "span.h"

#define MOD_MAP_FILE   "\010map-file"
#define MOD_BUILTIN    "\007builtin"
#define MOD_PRESET     "\006preset"
#define MOD_PARAM      "\005param"
#define MOD_MARKER     "\006marker"
#define MOD_FILTER     "\006filter"
#define MOD_DNSSEC     "\006dnssec"
#define MOD_SPF        "\003spf"
#define MOD_EDE        "\003ede"
#define MOD_STATISTICS "\012statistics"

#define C_SERVER       "\006server"
#define C_ROTATION     "\017answer-rotation"

enum {
	DNSSEC_AUTO,
	DNSSEC_OFF,
};

static const knot_lookup_t dnssec_modes[] = {
	{ DNSSEC_AUTO, "auto" },
	{ DNSSEC_OFF, "off" },
	{ 0, NULL },
};

const yp_item_t mxp_section_items[] = {
	{ MOD_MAP_FILE, YP_TSTR, YP_VSTR = { CONFIG_DIR "/mx-presets.zone" } },
	{ MOD_BUILTIN, YP_TSTR, YP_VNONE },
	{ MOD_PRESET, YP_TSTR, YP_VNONE },
	{ MOD_PARAM, YP_TSTR, YP_VNONE, YP_FMULTI },
	{ MOD_MARKER, YP_TBOOL, YP_VBOOL = { true } },
	{ MOD_FILTER, YP_TBOOL, YP_VBOOL = { true } },
	{ MOD_DNSSEC, YP_TOPT, YP_VOPT = { dnssec_modes, DNSSEC_AUTO } },
	{ MOD_SPF, YP_TBOOL, YP_VNONE },
	{ MOD_EDE, YP_TBOOL, YP_VNONE },
	{ MOD_STATISTICS, YP_TBOOL, YP_VNONE },
	{ .name = NULL },
};

static bool same_param(const mxp_param_t *param1, const mxp_param_t *param2)
{
	return param1->name.len == param2->name.len &&
	       strncasecmp((const char *)param1->name.data, (const char *)param2->name.data,
	                   param1->name.len) == 0;
}

static int refuse(knotd_conf_check_args_t *args, const char *item, const char *value,
                  const char *reason)
{
	static _Thread_local char message[512];
	char quoted[300] = "";
	if (value != NULL) {
		mxp_quote((const uint8_t *)value, strlen(value), quoted, sizeof(quoted));
	}
	snprintf(message, sizeof(message), "%s %s%s%s", item, quoted, value != NULL ? " " : "",
	         reason);
	args->err_str = message;
	return KNOT_EINVAL;
}

static int check_params(knotd_conf_check_args_t *args, const knotd_conf_t *conf)
{
	for (size_t i = 0; i < conf->count; i++) {
		const char *item = conf->multi[i].string;
		const mxp_param_t param = mxp_span_split(mxp_span(item));
		if (param.value.data == NULL || !mxp_param_name_valid(param.name)) {
			return refuse(args, "param", item, "is not name=value");
		}
		if (!mxp_value_valid(param.value)) {
			return refuse(args, "param", item,
			              "has a value that is not 1 to 63 letters, "
			              "digits, hyphens and underscores");
		}
		if (mxp_span_is_case(param.name, "zone")) {
			return refuse(args, "param", item, "sets the predefined parameter");
		}
		for (size_t j = 0; j < i; j++) {
			const mxp_param_t other = mxp_span_split(mxp_span(conf->multi[j].string));
			if (same_param(&param, &other)) {
				return refuse(args, "param", item, "is given twice");
			}
		}
	}
	return KNOT_EOK;
}

static int check_name(knotd_conf_check_args_t *args, const char *item, const char *name)
{
	if (mxp_name_is_none(mxp_span(name))) {
		return refuse(args, item, name, "is reserved and cannot name a preset");
	}
	if (!mxp_name_valid(mxp_span(name))) {
		return refuse(args, item, name, "is no label that can name a preset");
	}
	return KNOT_EOK;
}

// The map's content is data and is not checked here: a nameserver must come up whatever it holds.
int mxp_section_check(knotd_conf_check_args_t *args)
{
	mxp_recall_checked();

	knotd_conf_t conf = knotd_conf_check_item(args, MOD_BUILTIN);
	if (conf.count == 0) {
		return refuse(args, "builtin", NULL, "is not set");
	}
	int ret = check_name(args, "builtin", conf.single.string);

	conf = knotd_conf_check_item(args, MOD_PRESET);
	if (ret == KNOT_EOK && conf.count > 0) {
		ret = check_name(args, "preset", conf.single.string);
	}

	conf = knotd_conf_check_item(args, MOD_MAP_FILE);
	if (ret == KNOT_EOK && conf.single.string[0] == '\0') {
		ret = refuse(args, "map-file", "", "is no path of a file");
	}

	conf = knotd_conf_check_item(args, MOD_PARAM);
	if (ret == KNOT_EOK) {
		ret = check_params(args, &conf);
	}
	knotd_conf_free(&conf);

	return ret;
}

/*! \brief Reads all items but `builtin`, into settings that are to be cleared. */
static bool read_settings(knotd_mod_t *mod, const char *builtin, mxp_settings_t *out)
{
	mxp_items_t items = { .mod = mod };
	knotd_conf_t param = mxp_item_mod(&items, MOD_PARAM);
	mxp_param_t *params = calloc(param.count + 1, sizeof(*params));
	for (size_t i = 0; params != NULL && i < param.count; i++) {
		params[i] = mxp_span_split(mxp_span(param.multi[i].string));
	}
	const mxp_settings_t settings = {
		.file = mxp_item_mod(&items, MOD_MAP_FILE).single.string,
		.rules = {
			.builtin = builtin,
			.preset = mxp_item_mod(&items, MOD_PRESET).single.string,
			.params = params,
			.param_count = params != NULL ? param.count : 0,
			.marker = mxp_item_mod(&items, MOD_MARKER).single.boolean,
			.filter = mxp_item_mod(&items, MOD_FILTER).single.boolean,
			.spf = mxp_item_mod(&items, MOD_SPF).single.boolean,
		},
		.dnssec = mxp_item_mod(&items, MOD_DNSSEC).single.option == DNSSEC_AUTO,
		.ede = mxp_item_mod(&items, MOD_EDE).single.boolean,
		.statistics = mxp_item_mod(&items, MOD_STATISTICS).single.boolean,
		.rotation = mxp_item(&items, C_SERVER, C_ROTATION, NULL).single.boolean,
	};
	const bool copied = mxp_settings_copy(&settings, out);
	const bool good = copied && params != NULL && !items.failed && settings.file != NULL &&
	                  builtin != NULL;
	free(params);
	knotd_conf_free(&param);

	return good;
}

bool mxp_section_read(knotd_mod_t *mod, mxp_settings_t *out)
{
	const char *builtin = knotd_conf_mod(mod, MOD_BUILTIN).single.string;
	if (mxp_recall_settings(mod, builtin, out)) {
		return true;
	}
	const bool good = read_settings(mod, builtin, out);
	if (good) {
		mxp_remember_settings(mod, builtin, out);
	}
	return good;
}

const char *mxp_section_map_file(knotd_mod_t *mod)
{
	return knotd_conf_mod(mod, MOD_MAP_FILE).single.string;
}
