/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Objects that queries may still use, to be freed after a grace period of liburcu.
 *
 * Whoever replaces such an object retires it, from any thread and without a lock. The registry's
 * thread detaches all of them, waits for a grace period, and frees them.
 */

#pragma once

/*! \brief First member of an object that can be retired. */
typedef struct mxp_retired {
	struct mxp_retired *next;           /*!< Next one that waits. */
	void (*free)(struct mxp_retired *); /*!< Frees the object. */
} mxp_retired_t;

/*!
 * \brief Retires an object that no query can find any more.
 *
 * \param object  Object (may be NULL).
 * \param free    Frees it.
 */
void mxp_retire(mxp_retired_t *object, void (*free)(mxp_retired_t *));

/*!
 * \brief Detaches all objects that were retired.
 *
 * \return List to be freed after a grace period, NULL if there is none.
 */
mxp_retired_t *mxp_retired_detach(void);

/*!
 * \brief Frees objects.
 *
 * \param list  List.
 */
void mxp_retired_free(mxp_retired_t *list);
