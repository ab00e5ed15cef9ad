/*
 * gate/rest.h - after a write that failed the database rests for a while: nothing
 * is begun that would most likely be lost as well. A failure costs the broker's
 * thread a rollback, and on a disk that fails slowly the time until it says so; all
 * of them together have at most a tenth of it.
 *
 * A failure of the thread that writes (gate/writer.h) costs more: the database is
 * opened again, and whoever has been let in on credit is sent away. So the broker's
 * thread writes itself for a while, and for longer when the next failure comes
 * soon.
 */
#ifndef ZTP_GATE_REST_H
#define ZTP_GATE_REST_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "ztp/error.h"

#define ZTP_REST_MIN_MS 100
#define ZTP_REST_MAX_MS 30000

/* All zero: it does not rest. */
struct ztp_rest {
	int64_t until; /* CLOCK_BOOTTIME, ms */
	enum ztp_err code;
};

/* 0, or the error of the write that failed. */
int ztp_rest_check(const struct ztp_rest *rest, const char *path,
		   struct ztp_error *error);
/* The last statement has failed, which took so long. Does nothing if that was not
 * because of the disk. */
void ztp_rest_begin(struct ztp_rest *rest, sqlite3 *db, int64_t took_ms);

/* All zero: the thread is trusted. CLOCK_BOOTTIME, ms. */
struct ztp_trust {
	int64_t lost_at, until;
};

/* The thread has failed, and it took so long to be able to write again. */
void ztp_trust_lose(struct ztp_trust *trust, int64_t took_ms);
/* Is it trusted again? */
bool ztp_trust_has(const struct ztp_trust *trust);

#endif
