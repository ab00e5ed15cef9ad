/*
 * bridge/core/verdicts.h - what the gate has said of devices, counted from its
 * audit records, and its last refusals. Since the start of the process; loop
 * thread only.
 *
 * What a transaction sees is kept apart until it is committed, as the tally is:
 * a batch that is applied again counts once.
 */
#ifndef BRIDGE_CORE_VERDICTS_H
#define BRIDGE_CORE_VERDICTS_H

#include "bridge/core/refusals.h"
#include "ztp/error.h"
#include "ztp/gate_protocol.h"

struct verdicts;

int verdicts_new(struct verdicts **verdicts, struct ztp_error *error);
void verdicts_free(struct verdicts *verdicts); /* accepts NULL */

/* An audit record. One that a newer gate has made may have a verdict or a code
 * that is unknown here: it counts as "other", so that the number of time series
 * has a bound. Only members that are known to hold no secret are looked at. */
void verdicts_note(struct verdicts *verdicts, const char *text, size_t len);
void verdicts_commit(struct verdicts *verdicts);
void verdicts_rollback(struct verdicts *verdicts);

/* Calls visit for each pair that was seen, and for each code that a refusal may
 * have, which is 0 until then: an increase from nothing is one, too. */
typedef void verdicts_visit(void *arg, const char *verdict, const char *code,
			    uint64_t count);
void verdicts_each(const struct verdicts *verdicts, verdicts_visit *visit,
		   void *arg);
const struct refusals *verdicts_refusals(const struct verdicts *verdicts);

#endif
