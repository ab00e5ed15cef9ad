/*
 * bridge/life/withdrawal.h - the gate has withdrawn a candidate before it became
 * a device: its CA was removed, or an operator ended it. Loop thread, during
 * apply. Returns 0 or a negative error.
 */
#ifndef BRIDGE_LIFE_WITHDRAWAL_H
#define BRIDGE_LIFE_WITHDRAWAL_H

#include "bridge/journal/journal_entry.h"
#include "bridge/life/bridge.h"

/* Ends the request of an ENTRY_WITHDRAWN, unless it has been decided: then the
 * answer to createDevice tells, or the gate has the device. Idempotent, since
 * the gate repeats itself until it is acknowledged. */
int withdrawal_apply(struct bridge *b, const struct journal_entry *entry,
		     struct ztp_error *error);

#endif
