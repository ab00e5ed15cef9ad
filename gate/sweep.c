/*
 * A candidate that is going to end is not one any more, though its row is still
 * there: createDevice answers as if it had been withdrawn, and a device that
 * comes again for it is refused until it is gone. The same CA or registry cannot
 * be made again before that, so no row of later is taken for one of before.
 *
 * A page waits until the one before it is durable. A slow disk then has no more
 * to do for a sweep than that, and new devices do not wait behind it. Its rows
 * make no crowd, for which the disk would be waited with for longer: a fast one
 * has a page every 12 ms, which is some third of the thread's time, and 100,000
 * candidates are over in some 10 s.
 */
#include "gate/sweep.h"

#include <string.h>

#include "gate/sweeps.h"
#include "ztp/gate_protocol.h"

#define AT_ONCE 512 /* candidates of the commands of one turn: some 20 ms */

/* Ends the next page. Returns 1 if there may be more, 0 or negative. */
static int end_page(struct ztp_ending *ending, const char *registry,
		    const uint8_t *ca, struct ztp_error *error)
{
	const struct ztp_candidate_query query = {
		.which = ca ? ZTP_CANDIDATES_CA : ZTP_CANDIDATES_REGISTRY,
		.of = registry,
		.ca = ca,
		.limit = ZTP_ENDING_PAGE,
	};
	int found;

	ending->reason = ca ? ZTP_WHY_CA_REMOVED : ZTP_WHY_REGISTRY_DELETED;
	found = ztp_ending_page(ending, &query, NULL, error);
	return found < 0 ? found : found == ZTP_ENDING_PAGE;
}

int ztp_sweep_begin(struct ztp_ending *ending, int64_t *id,
		    const char *registry, const uint8_t *ca,
		    struct ztp_error *error)
{
	/* A message may have many such commands, but a turn has one page, or
	 * some that are not full. */
	struct ztp_sweeps *sweeps = &ending->gate->sweeps;
	bool waits = sweeps->count > 0 || sweeps->spent >= AT_ONCE;
	int rc = waits ? 1 : end_page(ending, registry, ca, error);
	struct ztp_sweep sweep = {
		.of_ca = ca != NULL,
		.ended = ending->count,
		.sessions = (int64_t)ending->sessions.count,
	};

	*id = 0;
	sweeps->spent += ending->count;
	if (rc <= 0)
		return rc;
	memcpy(sweep.registry, registry, strlen(registry) + 1);
	if (ca)
		memcpy(sweep.ca, ca, ZTP_SHA256_LEN);
	rc = ztp_sweeps_add(ending->gate, &sweep, error);
	*id = sweep.id;
	return rc;
}

/* Returns 1 if there may be more, 0 or negative. */
static int go_on(struct ztp_ending *ending, const struct ztp_sweep *sweep,
		 struct ztp_error *error)
{
	struct ztp_gate *gate = ending->gate;
	int more, rc;

	ztp_gate_mark(gate);
	more = end_page(ending, sweep->registry,
			sweep->of_ca ? sweep->ca : NULL, error);
	rc = more < 0 ? more
		      : ztp_sweeps_note(gate, sweep, ending->count,
					(int64_t)ending->sessions.count,
					more == 0, error);
	if (rc == 0)
		rc = ztp_db_keep(gate->db, error);
	if (rc == 0)
		rc = ztp_gate_secure(gate, error);
	return rc == 0 ? more : rc;
}

void ztp_sweep_tick(struct ztp_gate *gate, int64_t now_ms)
{
	struct ztp_sweeps *sweeps = &gate->sweeps;
	struct ztp_ending ending = {.gate = gate, .in_turns = true};
	struct ztp_error error = {0};
	int64_t id;
	int more;

	sweeps->spent = 0;
	if (sweeps->count == 0 || gate->stale || gate->failed ||
	    now_ms < sweeps->next || ztp_db_durable(gate->db) < sweeps->last)
		return;
	id = sweeps->all[0].id;
	more = go_on(&ending, &sweeps->all[0], &error);
	if (more < 0) {
		sweeps->next = now_ms + ZTP_SWEEPS_AGAIN_MS;
		ztp_gate_trouble(gate, &error);
		ztp_gate_undo(gate); /* which may read the list again */
		ztp_sweeps_put_off(gate, id);
	} else {
		/* each one's, and that it is withdrawn */
		ztp_db_unhurried(gate->db, 2 * ending.count);
		sweeps->all[0].ended += ending.count;
		sweeps->all[0].sessions += (int64_t)ending.sessions.count;
		sweeps->last = ztp_db_group(gate->db);
		ztp_ending_finish(&ending);
		if (more == 0)
			ztp_sweeps_finish(gate);
		else
			ztp_sweeps_rotate(gate);
	}
	ztp_ending_clear(&ending);
}
