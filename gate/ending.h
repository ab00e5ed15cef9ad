/*
 * gate/ending.h - ends candidates that wait for a decision, on an operator's
 * word, and their held sessions. The bridge hears of it (gate/withdrawn.h).
 * Broker thread only.
 */
#ifndef ZTP_GATE_ENDING_H
#define ZTP_GATE_ENDING_H

#include "gate/candidates.h"
#include "gate/control.h"

#define ZTP_ENDING_PAGE 128 /* candidates */

/* Zeroed, except for what the caller sets. */
struct ztp_ending {
	struct ztp_gate *gate;
	const char *reason; /* ZTP_WHY_* */
	const uint8_t
		*identity; /* of those that are found; NULL: all. A view */
	/* Wall clock; until then they stay away. 0: they may come again. */
	int64_t retry_at;
	int64_t count; /* how many have ended */
	bool in_turns; /* a page of many: a round of offers goes on */
	struct ztp_client_list sessions;
};

/* Ends the live candidates of one page of a list, at most ZTP_ENDING_PAGE, in the
 * open transaction. Returns how many rows were found, or negative. last (NULL:
 * not asked for) becomes the last one's id. */
int ztp_ending_page(struct ztp_ending *ending,
		    const struct ztp_candidate_query *query,
		    char last[ZTP_UUID_LEN], struct ztp_error *error);
/* Ends the live candidates that a list (with its `of`) finds; in the open
 * transaction. */
int ztp_ending_list(struct ztp_ending *ending, enum ztp_candidate_list which,
		    const char *of, struct ztp_error *error);
/* The path becomes a device's without its customer's word: an answer can have no
 * effect any more, and a rejection would be told as one. Ends its live candidates
 * and leaves their sessions to the caller; in the open transaction. */
int ztp_ending_joined(struct ztp_gate *gate, const char *path,
		      const char *reason, struct ztp_error *error);
/* After the commit: ends their held sessions, and tells the bridge. */
void ztp_ending_finish(struct ztp_ending *ending);
/* Adds to an answer how many candidates and sessions have ended. */
void ztp_ending_describe(const struct ztp_ending *ending, cJSON *data);
void ztp_ending_clear(struct ztp_ending *ending);

#endif
