/*
 * gate/behind.h - SQLite's way to the registry's files. At first it is SQLite's
 * own (it waits for the disk); after ztp_behind_begin, reads see what has been
 * written, and a thread carries it to the disk behind them (gate/writer.h).
 * Broker thread only.
 *
 * One connection, in WAL mode with locking_mode=EXCLUSIVE and synchronous at
 * least NORMAL: then SQLite's own syncs keep the database sound, and nobody
 * else looks at the files.
 */
#ifndef ZTP_GATE_BEHIND_H
#define ZTP_GATE_BEHIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ztp_behind;
struct ztp_error;

/* NULL: no memory. */
struct ztp_behind *ztp_behind_new(void);
/* After the connection has been closed. */
void ztp_behind_free(struct ztp_behind *behind);
/* The name of the VFS for sqlite3_open_v2. */
const char *ztp_behind_vfs(const struct ztp_behind *behind);

/* Are the files still those that their names stand for? Otherwise nothing that
 * is written will be found again. 0, also if none is open, or ZTP_ERR_IO. */
int ztp_behind_check(const struct ztp_behind *behind, struct ztp_error *error);

/* From now on the connection's writes do not wait. What was written before is
 * synced first. 0 or -1 with errno; then all stays as it was. */
int ztp_behind_begin(struct ztp_behind *behind);
/* Waits for what is left, and from now on writes wait again; nothing is left of
 * NULL. 0 or -1 with errno: something is not durable. It has been taken back,
 * and all access fails until the connection has been closed; or, if
 * ztp_behind_is is still true, it could not be, and this is to be tried
 * again. */
int ztp_behind_end(struct ztp_behind *behind);
bool ztp_behind_is(const struct ztp_behind *behind);

/* As in gate/writer.h; only between begin and end. */
bool ztp_behind_ready(struct ztp_behind *behind, bool wanted);
void ztp_behind_commit(struct ztp_behind *behind, uint64_t number,
		       int64_t changes);
uint64_t ztp_behind_durable(struct ztp_behind *behind, int *failed);
void ztp_behind_wait(struct ztp_behind *behind);
void ztp_behind_wake(struct ztp_behind *behind);
size_t ztp_behind_bytes(struct ztp_behind *behind);

#endif
