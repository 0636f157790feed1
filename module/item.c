/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>

#include "item.h"

/*! \brief Notes what became of a look-up that has just returned. */
static knotd_conf_t note(mxp_items_t *items, knotd_conf_t found)
{
	items->failed |= (errno == ENOMEM);
	return found;
}

knotd_conf_t mxp_item(mxp_items_t *items, const yp_name_t *section, const yp_name_t *item,
                      const knotd_conf_t *id)
{
	errno = 0;
	return note(items, knotd_conf(items->mod, section, item, id));
}

knotd_conf_t mxp_item_mod(mxp_items_t *items, const yp_name_t *item)
{
	errno = 0;
	return note(items, knotd_conf_mod(items->mod, item));
}

knotd_conf_t mxp_item_zone(mxp_items_t *items, const yp_name_t *item)
{
	errno = 0;
	return note(items, knotd_conf_zone(items->mod, item, knotd_mod_zone(items->mod)));
}
