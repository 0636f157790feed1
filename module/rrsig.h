/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief RRSIG records of records that the zone does not store.
 */

#pragma once

#include "memo.h"
#include "signer.h"

/*!
 * \brief Keys of the zone of an answer.
 *
 * \param memo    Memo of the zone.
 * \param answer  Answer.
 *
 * \return Keys.
 */
static inline mxp_keys_t mxp_rrsig_keys(mxp_memo_t *memo, const mxp_signed_t *answer)
{
	return (mxp_keys_t){
		.keystores = answer->keystores,
		.zone = memo->name,
		.dnskeys = answer->dnskey,
		.memo = memo,
	};
}

/*!
 * \brief Makes the RRSIG records of an answer, each after one of the zone's SOA: with its key and
 *        its validity.
 *
 * A signature of the SOA whose DNSKEY is not published yet is passed over, as it happens in an
 * algorithm roll-over.
 *
 * \param memo    Memo of the zone.
 * \param type    Type of the answer.
 * \param answer  Answer, its records in canonical form and order (none at all, to try if it can be
 *                done).
 *
 * \retval KNOT_EOK     if success.
 * \retval KNOT_ENOMEM  if memory is exhausted.
 * \retval KNOT_EACCES  if a key is not at hand.
 * \retval KNOT_EBUSY   if a keystore could not be asked for a cause that passes.
 */
int mxp_rrsig_make(mxp_memo_t *memo, mxp_answer_type_t type, mxp_signed_t *answer);
