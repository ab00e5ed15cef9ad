/*
 * policy/decision_salvage.h - whose a decision is that cannot be read as one.
 * Private to policy/.
 */
#ifndef ZTP_POLICY_DECISION_SALVAGE_H
#define ZTP_POLICY_DECISION_SALVAGE_H

#include "ztp/decision.h"

/* Values larger than this are not looked at. */
#define ZTP_DECISION_SALVAGE_MAX (1024 * 1024)

/* Fills in request_id and path, "" where they cannot be told. The value is JSON
 * and larger than a decision may be, or its CloudEvent is not one. */
void ztp_decision_salvage(struct ztp_decision *decision, struct ztp_str value);

#endif
