/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Allocation from a libknot memory context (libknot exports none of its own helpers).
 */

#pragma once

#include <stdlib.h>

#include <libknot/mm_ctx.h>

/*!
 * \brief Allocates memory.
 *
 * \param mm    Memory context (NULL for malloc).
 * \param size  Size in octets.
 *
 * \return Memory or NULL.
 */
static inline void *mxp_alloc(knot_mm_t *mm, size_t size)
{
	return mm != NULL ? mm->alloc(mm->ctx, size) : malloc(size > 0 ? size : 1);
}

/*!
 * \brief Frees memory that #mxp_alloc has given.
 *
 * \param mm   Memory context (NULL for malloc).
 * \param ptr  Memory.
 */
static inline void mxp_free(knot_mm_t *mm, void *ptr)
{
	if (mm == NULL) {
		free(ptr);
	} else if (mm->free != NULL) {
		mm->free(ptr);
	}
}
