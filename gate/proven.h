/*
 * gate/proven.h - where keys have been proven: which path, with which key, from
 * which address, within the last 7 days. Kept in the database, at most 8
 * addresses for a path and key. Only paths of devices and candidates are noted,
 * so their limits bound the table as well. Broker thread only.
 */
#ifndef ZTP_GATE_PROVEN_H
#define ZTP_GATE_PROVEN_H

#include "gate/db.h"
#include "gate/throttle.h"
#include "ztp/path.h"

#define ZTP_PROVEN_MS	     (7 * 24 * 3600 * 1000LL)
#define ZTP_PROVEN_AGAIN_MS  (24 * 3600 * 1000LL) /* noted again after that */
#define ZTP_PROVEN_ADDRESSES 8

struct ztp_proven_key {
	const char *path;
	const uint8_t *spki_sha256;
	struct ztp_throttle_source source;
};

struct ztp_proven;

/* NULL: no memory. */
struct ztp_proven *ztp_proven_new(void);
void ztp_proven_free(struct ztp_proven *proven);

/* When the key was proven there, by the wall clock; 0: not within 7 days.
 * Without the database it counts as not proven. */
int64_t ztp_proven_at(struct ztp_proven *proven, struct ztp_db *db,
		      const struct ztp_proven_key *key, int64_t wall_ms);

/* Notes it in memory; ztp_proven_tick writes it. Without memory, or with too
 * many to be written, it is not noted. */
void ztp_proven_note(struct ztp_proven *proven,
		     const struct ztp_proven_key *key, int64_t wall_ms,
		     int64_t now_ms);

/* Called from TICK, after the commit. Writes what was noted, within a few
 * seconds and some at a time, in a transaction of its own. Also deletes what is
 * too old. A transaction that fails costs what was to be written, nothing
 * else. */
void ztp_proven_tick(struct ztp_proven *proven, struct ztp_db *db,
		     int64_t wall_ms, int64_t now_ms);
/* Writes all of it, at the broker's end. */
void ztp_proven_flush(struct ztp_proven *proven, struct ztp_db *db,
		      int64_t wall_ms);

#endif
