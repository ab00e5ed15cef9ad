/*
 * gate/sweeps.h - the list of what is swept (gate/sweep.h), in the database and
 * in memory, and who waits for it. Broker thread only.
 */
#ifndef ZTP_GATE_SWEEPS_H
#define ZTP_GATE_SWEEPS_H

#include <stdbool.h>
#include <stdint.h>

#include "gate/gate.h"

struct cJSON;

#define ZTP_SWEEPS_MAX	    64	   /* at a time */
#define ZTP_SWEEPS_AGAIN_MS 1000LL /* after an error, or a loss */

/* All candidates of a registry, or those that one CA has signed. */
struct ztp_sweep {
	int64_t id;
	char registry[ZTP_REGISTRY_MAX + 1];
	bool of_ca;
	uint8_t ca[ZTP_SHA256_LEN];
	int64_t ended, sessions;
	uint64_t group;		   /* the command's */
	struct cJSON *data;	   /* in the answer; NULL: nobody waits */
	struct ztp_parked *parked; /* the message, once it is parked */
};

/* Reads the database, at start and after a rollback. */
int ztp_sweeps_reload(struct ztp_gate *gate, struct ztp_error *error);
/* The commits after `kept` are lost: answers that wait for them say so. */
void ztp_sweeps_lost(struct ztp_gate *gate, uint64_t kept);
void ztp_sweeps_clear(struct ztp_gate *gate);

/* Adds one, in the open transaction, and sets its id. */
int ztp_sweeps_add(struct ztp_gate *gate, struct ztp_sweep *sweep,
		   struct ztp_error *error);
/* So many more have ended; all: and that was the last page. In the open
 * transaction. */
int ztp_sweeps_note(struct ztp_gate *gate, const struct ztp_sweep *sweep,
		    int64_t ended, int64_t sessions, bool all,
		    struct ztp_error *error);
/* The first one is done: answers whoever waits. */
void ztp_sweeps_finish(struct ztp_gate *gate);
/* The next one's turn: one with few candidates does not wait for one with
 * many. */
void ztp_sweeps_rotate(struct ztp_gate *gate);
/* It was the turn of this one, in vain: the others' turns come before it is
 * again, though the list may have been read anew. */
void ztp_sweeps_put_off(struct ztp_gate *gate, int64_t id);

/* The command has succeeded and its response is in the message: its `data` (a
 * view) get the numbers when all have ended. */
void ztp_sweeps_answer(struct ztp_gate *gate, int64_t id, struct cJSON *data);
/* True: a command in this message waits. Then the message is published later,
 * and no longer the caller's. groups: as in ztp_outbox_answer. */
bool ztp_sweeps_park(struct ztp_gate *gate, struct cJSON *answer,
		     const uint64_t *groups, size_t count);

/* Is a candidate of this path, signed by this CA (NULL: any), one that is going
 * to end? */
bool ztp_sweeps_cover(const struct ztp_gate *gate, const struct ztp_path *path,
		      const uint8_t *ca);
/* The same by the registry's name. */
bool ztp_sweeps_run(const struct ztp_gate *gate, const char *registry,
		    const uint8_t *ca);

#endif
