/*
 * bridge/ledger/copy.h - a bridge's copy of the group's state: the store, and
 * what keeps it like `ztp.state`.
 *
 * The database is a cache, and is thrown away and read anew when it may lack
 * what has been removed from the topic since, when the disk has damaged it, and
 * when a later version has written it. It is never thrown away when the
 * topic is the one that is wrong: empty, another one, or shorter than the copy.
 * That is ZTP_ERR_STATE_LOST, and a person decides. Loop thread.
 */
#ifndef BRIDGE_LEDGER_COPY_H
#define BRIDGE_LEDGER_COPY_H

#include "bridge/core/core.h"
#include "bridge/kafka/turn.h"
#include "bridge/store/store.h"

/* How often the database is committed. */
#define COPY_COMMIT_MS 250
/* A record that was removed is in the topic for longer (delete.retention.ms). */
#define COPY_OLD_MS INT64_C(86400000)

struct copy;

struct copy_options {
	const char *path; /* of the store */
	bool sync_full;
	const char *topic;     /* ztp.state */
	const char *decisions; /* the topic of the decisions */
	int wake_fd;
};

/* Opens the store, which is refused if it is a single bridge's, or may be one and
 * cannot be read. Copies options. */
int copy_open(struct copy **copy, struct core *core,
	      const struct copy_options *options, struct ztp_error *error);
/* Commits what has been read. Accepts NULL. */
void copy_free(struct copy *copy);
/* Commits nothing: the store has become something else. */
void copy_drop(struct copy *copy);
/* Changes when the copy is thrown away or opened again, so ask again after
 * copy_begin and copy_read_on. NULL: it could not be opened (again) yet. */
struct store *copy_store(struct copy *copy);

/* Holds the copy against the topic and goes to where it has to be read on.
 * Blocks for at most some wait_ms. ZTP_ERR_IO: Kafka does not answer, again
 * later. */
int copy_begin(struct copy *copy, int wait_ms, struct ztp_error *error);
/* Takes at most `limit` rows, waits for the first for at most wait_ms, and
 * commits if it is time to. Returns how many, or a negative error. What cannot be
 * written is read again. */
int copy_step(struct copy *copy, int limit, int wait_ms,
	      struct ztp_error *error);
/* Commits the database; on the active bridge between turns. */
int copy_commit(struct copy *copy, struct ztp_error *error);
/* Since when the database takes nothing (CLOCK_BOOTTIME, ms); 0: it takes it. */
int64_t copy_unwritten_since(const struct copy *copy);

/* Has the disk damaged what is open? It is thrown away by the next copy_begin. */
bool copy_is_damaged(const struct copy *copy);
/* Has it been thrown away, and not been read to the end since? */
bool copy_is_read_anew(const struct copy *copy);

/* Has it read the row `birth`? Without it the topic is empty, or what
 * --to-standby has not finished. */
bool copy_has_birth(const struct copy *copy);
/* The id of that row, or "". */
#define COPY_BIRTH_MAX 64
void copy_birth(struct copy *copy, char id[COPY_BIRTH_MAX]);
/* Has it no row at all? */
bool copy_is_empty(const struct copy *copy);
/* Everything before this offset has been taken. */
int64_t copy_position(const struct copy *copy);
/* The same, and on the active bridge what it has written. */
int64_t copy_next(const struct copy *copy);
bool copy_at_end(const struct copy *copy);
/* Is there a store that has everything before this offset? Not after an error of
 * the database, until what it took back has been read again. */
bool copy_is_whole(const struct copy *copy, int64_t end);
/* Records that it is behind; -1: not known. */
int64_t copy_lag(const struct copy *copy);
/* Can rows be looked for? Not while a long topic is read from its beginning. */
bool copy_listed(const struct copy *copy);
/* The end of the topic with what is not committed. Blocks. */
int copy_end(struct copy *copy, int wait_ms, int64_t *end,
	     struct ztp_error *error);

/* Has the group committed a position in this topic that is behind its end?
 * ZTP_ERR_STATE_LOST. The copy has been read up to `end`. Blocks. */
int copy_check_committed(struct copy *copy, int64_t end, int wait_ms,
			 struct ztp_error *error);

/* On the active bridge, which does not read what it has written, of a turn that is
 * committed: have its rows come behind what the copy stands for? If not, the topic
 * has begun anew since: ZTP_ERR_STATE_LOST, now and from then on. */
int copy_check_wrote(struct copy *copy, const struct turn_result *result,
		     struct ztp_error *error);
/* What that has found: 0, or ZTP_ERR_STATE_LOST. */
int copy_check_found(const struct copy *copy, struct ztp_error *error);
/* Likewise, if it had a row in it: it has been released in the store. */
void copy_wrote(struct copy *copy, const struct turn_result *result);
/* From now on it is read again, from where it stands: nothing of a turn that is
 * not committed is in it any more. */
int copy_read_on(struct copy *copy, struct ztp_error *error);

#endif
