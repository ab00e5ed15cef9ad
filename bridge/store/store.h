/*
 * bridge/store/store.h - the bridge's memory: what it needs to lose nothing.
 *
 * Requests with their decisions, the outbox of Kafka records that are not yet
 * acknowledged, the decision topic's offsets, and how far the intake journal
 * has been read. All of it changes in transactions of the loop thread, which
 * is the only one that may call here. An effect outside (a record produced, a
 * command published, an offset committed) comes after the commit that says
 * so; on restart what is still in here is done again, by the same ids.
 *
 * Everything is keyed by device path or request id, so that another backend
 * (partitioned, shared) can stand behind this header.
 *
 * Times are steady ms (base/clock.h) unless they say wall; 0 means none.
 */
#ifndef BRIDGE_STORE_STORE_H
#define BRIDGE_STORE_STORE_H

#include "bridge/journal/journal.h"
#include "ztp/life.h"
#include "ztp/obligation.h"
#include "ztp/topics.h"

struct store;

struct store_request {
	int64_t n; /* row; order of arrival */
	char id[ZTP_REQUEST_ID_MAX + 1];
	char path[ZTP_PATH_MAX + 1];
	uint8_t fingerprint[ZTP_SHA256_LEN];
	char channel[ZTP_TOPIC_MAX + 1]; /* command topic where paths may share
	                                    one, else "" */
	char traceparent[ZTP_TRACEPARENT_LEN];
	enum ztp_state state;
	int attempt;
	int64_t received_at, expires_at; /* wall */
	int64_t announced_at;
	struct ztp_obligation owed; /* changed by move_owe alone */
	int64_t finished_at, delivered_at;

	/* The store's own: as last written. */
	enum ztp_state stored_state;
	bool stored_listed, stored_tried;
	int64_t stored_due, stored_retry;
};

struct store_decision {
	bool by_customer; /* false: the timeout's, without a position */
	enum ztp_verdict verdict;
	uint8_t digest[ZTP_SHA256_LEN];
	char topic[256];
	int partition;
	int64_t offset;
	char reason[ZTP_REASON_MAX + 1];
	char message[ZTP_MESSAGE_MAX + 1];
	/* Owned by the holder of the struct; for the gate, "" or NULL: none. */
	char *metadata;
	struct ztp_payload payload; /* likewise */
};

/* The outbox has those from 1 on. */
enum store_topic {
#define X(name, number, member, what) STORE_##name = (number),
	ZTP_TOPIC_LIST(X)
#undef X
		STORE_TOPIC_END
};

struct store_record {
	int64_t seq;
	enum store_topic topic;
	int64_t request;	   /* n of the request it announces, or 0 */
	struct ztp_str key, value; /* p NULL: a null value */
	const struct ztp_header *headers;
	size_t header_count;
};

/* --- opening. The file is made 0600 if there is none; one that is damaged,
 * of another program or of a newer version is refused with what to do. A
 * second process is refused (lock file "<path>.lock"). */
int store_open(struct store **store, const char *path, bool sync_full,
	       struct ztp_error *error);
void store_close(struct store *store); /* NULL-safe; rolls back */

/* --- transactions. begin is implied by the first write. After an error in
 * any write the caller rolls back and does the whole batch again later.
 * ZTP_ERR_FULL: the disk; ZTP_ERR_IO with fatal: damage. */
int store_commit(struct store *store, int64_t now, struct ztp_error *error);
void store_rollback(struct store *store);
bool store_dirty(const struct store *store);
/* Must the transaction be committed before anything of it has an effect? Not
 * while all that it holds are new requests and which of them are announced:
 * that the journal could tell again, from the mark of the last commit on. */
bool store_commit_required(const struct store *store);
void store_require_commit(struct store *store); /* it must */

/* --- facts about the whole, kept in memory */
int64_t store_count(const struct store *store, enum ztp_state state);
int64_t store_unfinished(const struct store *store);
/* The finished that may give way: without those that store_evict has kept. */
int64_t store_finished(const struct store *store);
int64_t store_newest(const struct store *store); /* now of the last commit */
int64_t store_bytes(const struct store *store);	 /* on disk, with its log */
/* A small value by name that is kept across restarts ("" when unset). */
int store_get(struct store *store, const char *name, char *value, size_t cap,
	      struct ztp_error *error);
int store_set(struct store *store, const char *name, const char *value,
	      struct ztp_error *error);

/* --- the journal's mark and Kafka's positions. The floor: entries from there
 * up to the mark are in here, but the journal has to keep them, since there
 * are records that Kafka may lack and that are made of them alone. As of the
 * last commit. */
void store_mark_get(const struct store *store, struct journal_mark *mark);
void store_floor_get(const struct store *store, struct journal_mark *floor);
int store_mark_set(struct store *store, const struct journal_mark *mark,
		   const struct journal_mark *floor, struct ztp_error *error);
/* The next offset to read, or -1. */
int64_t store_offset_get(struct store *store, const char *topic, int partition);
int store_offset_set(struct store *store, const char *topic, int partition,
		     int64_t next, struct ztp_error *error);
/* Is any partition's above 0; and all of them back to 0. */
bool store_offset_any(struct store *store, const char *topic);
int store_offset_restart(struct store *store, const char *topic,
			 struct ztp_error *error);

/* --- requests. Finders return 1 (found), 0 or a negative error. */
int store_request_add(struct store *store, struct store_request *request,
		      struct ztp_error *error); /* sets n */
int store_request_save(struct store *store, struct store_request *request,
		       struct ztp_error *error);
/* RECEIVED to REQUESTED, if that is where row n stands. */
int store_request_announced(struct store *store, int64_t n,
			    struct ztp_error *error);
int store_request_by_id(struct store *store, const char *id,
			struct store_request *request, struct ztp_error *error);
int store_request_by_n(struct store *store, int64_t n,
		       struct store_request *request, struct ztp_error *error);

/* Lists: visit gets each row in a scratch struct that it may change and save;
 * a nonzero return ends the walk and is returned. Rows are collected before
 * the first visit, so visits may write. */
typedef int store_visit(void *arg, struct store_request *request);
int store_path_each(struct store *store, const char *path, store_visit *visit,
		    void *arg, struct ztp_error *error);
int store_channel_each(struct store *store, const char *channel,
		       store_visit *visit, void *arg, struct ztp_error *error);
/* due_at <= until, earliest first, at most limit; the undecided apart from
 * all others, since they may have to wait for Kafka. */
int store_due_each(struct store *store, bool undecided, int64_t until,
		   int limit, store_visit *visit, void *arg,
		   struct ztp_error *error);
/* from <= retry_at <= until, earliest first; fresh: only those never tried,
 * else only those that were. */
int store_retry_each(struct store *store, bool fresh, int64_t from,
		     int64_t until, int limit, store_visit *visit, void *arg,
		     struct ztp_error *error);
/* Commands that wait for their device, after row n. */
int store_waiting_each(struct store *store, int64_t after, int limit,
		       store_visit *visit, void *arg, struct ztp_error *error);
/* Which rows people want to see, and how many at most. */
struct store_filter {
	enum ztp_state state; /* ZTP_STATE_NONE: any */
	const char *registry; /* "s/r"; NULL: any */
	int limit;
};
/* For people, in order of arrival, who page through what may be millions of
 * rows: those after row `after` up to and with row `until`, which bounds the
 * time that this takes. */
int store_list_each(struct store *store, int64_t after, int64_t until,
		    const struct store_filter *filter, store_visit *visit,
		    void *arg, struct ztp_error *error);
/* Where the next row after `after` is (undecided: the next of those); 0 when
 * there is none. */
int64_t store_list_next(struct store *store, int64_t after, bool undecided);
/* Likewise, newest first: rows below `before` down to and with row `until`.
 * And where the next row below `before` is. */
int store_newest_each(struct store *store, int64_t before, int64_t until,
		      const struct store_filter *filter, store_visit *visit,
		      void *arg, struct ztp_error *error);
int64_t store_list_before(struct store *store, int64_t before, bool undecided);
/* Likewise those that have ended and may give way, last ended first: what
 * comes behind *place, which moves to the last row looked at; no more than
 * `window` are. Returns how many were, 0 at the end, or negative; a visit must
 * not end the walk with a positive number. */
struct store_place {
	int64_t finished_at, n;
};
int store_finished_each(struct store *store, struct store_place *place,
			int window, const struct store_filter *filter,
			store_visit *visit, void *arg, struct ztp_error *error);
/* The earliest due_at, retry_at (fresh or not); 0 when there is none. */
int64_t store_next_due(struct store *store, bool undecided);
int64_t store_next_retry(struct store *store, bool fresh);
/* expires_at of the undecided request that has waited longest, as received_at
 * in wall ms; 0 when there is none. */
int64_t store_oldest_undecided(struct store *store);
/* No device is known to be there any more: ZTP_ON_CONNECTION_LOST for all rows
 * at once. */
int store_absent(struct store *store, struct ztp_error *error);
/* At a start: every deadline back to its wall-clock value, where some process
 * had moved it because the clock was stepped. */
int store_reanchor(struct store *store, struct ztp_error *error);
/* Removes at most limit finished requests that ended before `before`, or,
 * with before 0, the oldest. keep_onboarded: those lose only their decision.
 * Returns how many, or negative. */
int store_evict(struct store *store, int64_t before, bool keep_onboarded,
		int limit, struct ztp_error *error);
/* Removes all that is known of a path. Returns how many requests. */
int store_forget(struct store *store, const char *path,
		 struct ztp_error *error);

/* --- decisions, by request row */
int store_decision_put(struct store *store, int64_t n,
		       const struct store_decision *decision,
		       struct ztp_error *error);
/* payload false: the payload is left out (kind and data empty). On 1 the
 * caller frees with store_decision_clear. */
int store_decision_get(struct store *store, int64_t n, bool payload,
		       struct store_decision *decision,
		       struct ztp_error *error);
void store_decision_clear(struct store_decision *decision);

/* --- the outbox: records for Kafka, in order, until they are acknowledged */
int store_outbox_add(struct store *store, struct store_record *record,
		     struct ztp_error *error); /* sets seq */
int store_outbox_remove(struct store *store, int64_t seq,
			struct ztp_error *error);
typedef int store_record_visit(void *arg, const struct store_record *record);
/* One topic's records behind seq `after` (0: from the first). */
int store_outbox_each(struct store *store, enum store_topic topic,
		      int64_t after, int limit, store_record_visit *visit,
		      void *arg, struct ztp_error *error);
int64_t store_outbox_count(const struct store *store);
/* The number given to a record of that topic last. No query. */
int64_t store_outbox_newest(const struct store *store, enum store_topic topic);
/* May there be a record of that topic behind seq? No query. */
bool store_outbox_after(const struct store *store, enum store_topic topic,
			int64_t seq);

#endif
