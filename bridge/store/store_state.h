/*
 * bridge/store/store_state.h - the store of a bridge that is one of several:
 * what it holds is rows of `ztp.state`, which is the truth, and the database is
 * a copy of it.
 *
 * On the active bridge a transaction of the store is a turn: a savepoint,
 * which ends as Kafka's transaction ends. What a turn has changed is noted
 * where the store writes it, so that nobody above has to say so. On all others
 * rows come from Kafka and are applied. In both cases the database itself is
 * committed now and then, with the offset that it stands for (store_copy_commit).
 *
 * Not replicated, because each bridge that becomes active makes it anew: which
 * devices are connected (store_absent), and deadlines that were moved by a clock
 * (store_reanchor). Loop thread only.
 */
#ifndef BRIDGE_STORE_STORE_STATE_H
#define BRIDGE_STORE_STORE_STATE_H

#include "bridge/store/state_row.h"
#include "bridge/store/store.h"

/* From now on the store is such a copy; nothing may be open in it. topic: that
 * of the decisions. */
int store_replicate(struct store *store, const char *topic,
		    struct ztp_error *error);

/* A row of the state: its key, its value (p NULL: it is removed) and, of what is
 * removed, its number in the store. Views, valid during the call. */
struct store_state_row {
	struct ztp_str key, value;
	int64_t row; /* 0: none */
};

/* Returns 0 or a negative error, which ends the walk. */
typedef int store_state_visit(void *arg, const struct store_state_row *row,
			      struct ztp_error *error);

/* --- the active one. The rows that the open turn has changed, as they are now. */
int store_state_changes(struct store *store, store_state_visit *visit,
			void *arg, struct ztp_error *error);
bool store_state_changed(const struct store *store); /* anything at all */
/* All rows of the store but `birth` and `active`, which say who has the state,
 * and not what it is. */
int store_state_all(struct store *store, store_state_visit *visit, void *arg,
		    struct ztp_error *error);

/* Rows that are not in a table of their own: birth, active, what has been taken
 * of ztp.journal, the journals' marks, decisions that are held. The row's name
 * is in `row`; put with `removed` removes it. get: 1 found, 0 not, or a negative
 * error; its cells point into *bytes, which the caller frees. */
int store_state_put(struct store *store, const struct state_row *row,
		    struct ztp_error *error);
int store_state_get(struct store *store, enum state_kind kind, const char *name,
		    struct state_row *row, struct state_bytes *bytes,
		    struct ztp_error *error);
/* The first of such a kind whose name comes after that one, likewise. */
int store_state_after(struct store *store, enum state_kind kind,
		      const char *name, struct state_row *row,
		      struct state_bytes *bytes, struct ztp_error *error);
/* How many decisions are held, and how many bytes they have. */
struct store_held {
	int64_t count, bytes;
};
int store_state_held(struct store *store, struct store_held *held,
		     struct ztp_error *error);
bool store_is_replicated(const struct store *store);

/* --- the copy. A row as it came. Errors are those of state_row_decode and the
 * database's. Nothing may be half done when the process ends: what is applied
 * stands with the next store_copy_commit. */
int store_state_apply(struct store *store, const struct store_state_row *row,
		      struct ztp_error *error);

/* What the copy stands for: all records of ztp.state before `next`, the last of
 * which was written at written_at (Kafka's clock, ms). birth "": none. */
struct store_copy {
	int64_t next, written_at;
	int64_t birth; /* the offset after the row `birth`; 0: it has none */
	bool partly;   /* it was being read from the start when it ended */
};
int store_copy_get(struct store *store, struct store_copy *copy,
		   struct ztp_error *error);
/* What has been applied is no part of the next turn, with which it would be
 * rolled back; and what memory said of the rows is forgotten. */
int store_copy_settle(struct store *store, struct ztp_error *error);
/* Commits the database. Between turns only. */
int store_copy_commit(struct store *store, const struct store_copy *copy,
		      struct ztp_error *error);
/* Has anything been applied since? */
bool store_copy_dirty(const struct store *store);
/* An error has taken more than the open turn from the database: it has to be
 * closed and read again. */
bool store_copy_lost(const struct store *store);

/* Around reading everything: without indexes it is several times as fast. The
 * store must be empty. A process that ends in between leaves a copy that says so
 * (partly). */
int store_copy_begin(struct store *store, struct ztp_error *error);
int store_copy_end(struct store *store, struct ztp_error *error);

#endif
