/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "context.h"
#include "refresh.h"

#define C_DATABASE "\010database"
#define C_STORAGE  "\007storage"

mxp_context_t mxp_context_broken;
bool mxp_context_any_broken;

void mxp_context_log(void *mod, int priority, const char *message)
{
	knotd_mod_log(mod, priority, "%s", message);
}

/*! \brief Reads where the server keeps its databases. */
static const char *read_storage(void *mod)
{
	return knotd_conf(mod, C_DATABASE, C_STORAGE, NULL).single.string;
}

const mxp_server_t mxp_context_server = {
	.log = mxp_context_log,
	.storage = read_storage,
	.published = mxp_refresh_all,
};
