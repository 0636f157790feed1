/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief What liburcu promises, in words that ThreadSanitizer understands.
 *
 * liburcu orders memory by inline assembly and by a library that is built without the sanitizer,
 * so every map that is published would be reported. Here the same functions of liburcu are called,
 * and their order is told as well: a pointer is published before it is read, and read-side
 * sections have ended when a grace period is over. Whatever breaks these rules is still found,
 * such as a map that is freed without a grace period, or read outside a section.
 *
 * Included before each source of a test that is built with the sanitizer.
 */

#pragma once

#include <sanitizer/tsan_interface.h>
#include <urcu.h>

/*! Stands for all read-side sections. */
extern char mxp_sections;
__attribute__((weak)) char mxp_sections;

static inline void mxp_read_unlock(void)
{
	__tsan_release(&mxp_sections);
	rcu_read_unlock();
}

static inline void mxp_synchronize(void)
{
	synchronize_rcu();
	__tsan_acquire(&mxp_sections);
}

#undef rcu_read_unlock
#define rcu_read_unlock() mxp_read_unlock()
#undef synchronize_rcu
#define synchronize_rcu() mxp_synchronize()

/* The library's own read is one that the sanitizer understands, but for gcc's weaker order. */
#undef rcu_dereference
#define rcu_dereference(pointer) __atomic_load_n(&(pointer), __ATOMIC_ACQUIRE)
#undef rcu_xchg_pointer
#define rcu_xchg_pointer(pointer, value) __atomic_exchange_n((pointer), (value), __ATOMIC_ACQ_REL)
