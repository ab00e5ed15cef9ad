/*
 * gate/rejections.h - how many rejected candidates are remembered. A rejection
 * has an effect until its cool-down ends, and is then only remembered for the
 * count of attempts. One certificate has as many in force as it may have
 * candidates and devices, and a registry likewise (plugin_opt_max_per_*): more
 * paths of theirs are refused until a cool-down ends. Beyond those numbers what
 * is only remembered goes, the oldest first; a rejection that is in force stays
 * whatever others do. Broker thread only.
 */
#ifndef ZTP_GATE_REJECTIONS_H
#define ZTP_GATE_REJECTIONS_H

#include "gate/candidates.h"
#include "gate/gate.h"

/* What stands in the way of one more path of this certificate, for the policy.
 * wall_ms: now. Returns 0 or negative. */
int ztp_rejections_count(struct ztp_gate *gate, struct ztp_gate_facts *facts,
			 const struct ztp_registry *registry,
			 const struct ztp_db_certificate *cert, int64_t wall_ms,
			 struct ztp_error *error);

/* Rejects a candidate until retry_at (wall clock), in the open transaction, and
 * forgets what is too much. registry may be NULL. */
int ztp_rejections_add(struct ztp_gate *gate, struct ztp_registry *registry,
		       const struct ztp_candidate *candidate, int64_t retry_at,
		       struct ztp_error *error);

#endif
