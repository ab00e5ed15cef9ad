/*
 * bridge/store/store.h - the bridge's durable state: everything it needs so
 * that nothing is lost.
 *
 * The store holds the requests with their decisions, the outbox of Kafka
 * records that are not acknowledged yet, the offsets of the decision topic,
 * and the position up to which the intake journal has been read. All of it
 * changes in transactions of the loop thread, the only thread that may call
 * these functions. An external effect (a record produced, a command published,
 * an offset committed) happens after the commit that records it. After a
 * restart, whatever is still in the store is done again under the same ids.
 *
 * Everything is keyed by device path or request id, so another backend
 * (partitioned, shared) can be put behind this header.
 *
 * Times are steady ms (base/clock.h) unless a comment says wall; 0 means none.
 */
#ifndef BRIDGE_STORE_STORE_H
#define BRIDGE_STORE_STORE_H

#include "bridge/journal/journal.h"
#include "ztp/contact.h"
#include "ztp/life.h"
#include "ztp/obligation.h"
#include "ztp/topics.h"

struct store;

struct store_request {
	int64_t n; /* row number; in order of arrival */
	char id[ZTP_REQUEST_ID_MAX + 1];
	char path[ZTP_PATH_MAX + 1];
	uint8_t fingerprint[ZTP_SHA256_LEN];
	uint8_t identity[ZTP_SHA256_LEN]; /* the certificate's; ztp/cert.h */
	/* The command topic, where two paths may share one, else "". */
	char channel[ZTP_TOPIC_MAX + 1];
	char traceparent[ZTP_TRACEPARENT_LEN];
	enum ztp_state state;
	int64_t received_at, expires_at; /* wall */
	int64_t announced_at;
	struct ztp_obligation owed; /* only move_owe changes it */
	int64_t finished_at, delivered_at;
	int64_t decision; /* for the store: its row; 0: see store_decision.c */
	int attempt;

	/* For the store: the values last written. */
	enum ztp_state stored_state;
	int64_t stored_due, stored_retry;
	int stored_queue;
	bool stored_listed;
};

struct store_decision {
	bool by_customer; /* false: made by the timeout, has no position */
	enum ztp_verdict verdict;
	uint8_t digest[ZTP_SHA256_LEN];
	char topic[256];
	int partition;
	int64_t offset;
	char reason[ZTP_REASON_MAX + 1];
	char message[ZTP_MESSAGE_MAX + 1];
	/* Owned by whoever holds the struct. For the gate; "" or NULL: none. */
	char *metadata;
	struct ztp_payload payload; /* owned likewise */
	bool payload_erased;	    /* there was one; kind is NONE now */
};

/* The outbox has those from 1 on. Values are stored on disk. */
enum store_topic {
#define X(name, number, member, what) STORE_##name = (number),
	ZTP_TOPIC_LIST(X)
#undef X
		STORE_TOPIC_END
};

struct store_record {
	int64_t seq;
	enum store_topic topic;
	int64_t request;	   /* n of the announced request, or 0 */
	struct ztp_str key, value; /* p NULL: a null value */
	const struct ztp_header *headers;
	size_t header_count;
};

/* --- opening. A new file is created with mode 0600. A file that is damaged,
 * belongs to another program or has a newer version is refused, and the error
 * says what to do; it is fatal for the first and the last of them. A second process
 * is refused (lock file "<path>.lock"). */
int store_open(struct store **store, const char *path, bool sync_full,
	       struct ztp_error *error);
void store_close(struct store *store); /* accepts NULL; rolls back */
/* Has anything that was read since been found to be damaged? */
bool store_is_damaged(const struct store *store);

/* --- transactions. The first write begins one. After an error in any write
 * the caller rolls back and repeats the whole batch later. ZTP_ERR_FULL: the
 * disk is full; ZTP_ERR_IO with fatal: the file is damaged. */
int store_commit(struct store *store, int64_t now, struct ztp_error *error);
void store_rollback(struct store *store);
/* Before anything is read or written after a rollback: one that had no memory
 * left its transaction open, and it is ended here. */
int store_unwind(struct store *store, struct ztp_error *error);
bool store_dirty(const struct store *store);
/* What is read between the two shares one look at the database, instead of one
 * for each statement: two system calls. A write in between ends it. */
void store_read_begin(struct store *store);
void store_read_end(struct store *store);
/* Must the transaction be committed before any of its effects happen? Not
 * while it holds only new requests and the marks of which ones were announced:
 * the journal can replay those from the last commit's mark. */
bool store_commit_required(const struct store *store);
void store_require_commit(struct store *store); /* from now on it must */

/* --- totals, kept in memory */
int64_t store_count(const struct store *store, enum ztp_state state);
int64_t store_unfinished(const struct store *store);
/* Finished requests that may be evicted: all but those that
 * store_evict kept. */
int64_t store_finished(const struct store *store);
int64_t store_newest(const struct store *store); /* `now` of the last commit */
/* Of one that is replicated, which is committed with `now` 0: that of the turn that
 * is told next. */
void store_newest_put(struct store *store, int64_t now);
int64_t store_bytes(const struct store *store); /* on disk, with its WAL */
/* A small named value that survives restarts ("" when unset). */
int store_get(struct store *store, const char *name, char *value, size_t cap,
	      struct ztp_error *error);
/* What a group of bridges shares: the subscriptions, and the time at which decisions
 * were found to be lost (ms, as a request's times). */
#define STORE_FILTERS "mqtt_in.filters"
#define STORE_LOST    "decisions_lost"
int store_set(struct store *store, const char *name, const char *value,
	      struct ztp_error *error);

/* --- the journal's mark and Kafka's offsets. Entries from the floor up to the
 * mark have been applied. The journal must keep them all the same, because
 * Kafka may lack records that can only be rebuilt from these entries. Both
 * values are those of the last commit. */
void store_mark_get(const struct store *store, struct journal_mark *mark);
void store_floor_get(const struct store *store, struct journal_mark *floor);
int store_mark_set(struct store *store, const struct journal_mark *mark,
		   const struct journal_mark *floor, struct ztp_error *error);
/* The last record that was read of a partition, by which the partition is known
 * again. */
#define STORE_LANDMARK_NONE (-1) /* read from its beginning, nothing found */
#define STORE_LANDMARK_UNKNOWN                                                 \
	(-2) /* the position has nothing to vouch for it */
struct store_landmark {
	int64_t offset; /* or one of these */
	int64_t written_at;
	uint32_t crc;
};
/* The next offset to read, or -1 if unknown, and how the partition is known. */
int64_t store_offset_get(struct store *store, const char *topic, int partition,
			 struct store_landmark *landmark);
int store_offset_set(struct store *store, const char *topic, int partition,
		     int64_t next, const struct store_landmark *landmark,
		     struct ztp_error *error);
/* Of each partition that has one, until the visit returns false. */
void store_offset_each(struct store *store, const char *topic,
		       bool (*visit)(void *arg, int partition, int64_t next),
		       void *arg);
/* Is the offset of any partition above 0? And: set all of them back to 0. */
bool store_offset_any(struct store *store, const char *topic);
/* Another topic that has been read. 1: there is one, 0: there is none, and *other
 * is ""; or a negative error. */
int store_offset_other(struct store *store, const char *topic, char *other,
		       size_t cap, struct ztp_error *error);
int store_offset_restart(struct store *store, const char *topic,
			 struct ztp_error *error);

/* --- requests. Finders return 1 (found), 0 or a negative error. */
/* Sets n. Returns 1 if another request has this id; nothing is added then. */
int store_request_add(struct store *store, struct store_request *request,
		      struct ztp_error *error);
int store_request_save(struct store *store, struct store_request *request,
		       struct ztp_error *error);
/* Moves rows first to last from RECEIVED to REQUESTED, those that are in RECEIVED
 * and whose deadline is still to come. In a store that is replicated they are
 * announced now, and not when their events came: a bridge that takes over tells by
 * that who was asked in the last turn (store_late). */
int store_request_announced(struct store *store, int64_t first, int64_t last,
			    int64_t now, struct ztp_error *error);
/* Moves them back: of rows first to last, those that were announced at `since` or
 * later, at most `took` ms before their deadlines, which were at `until` or before. */
struct store_late {
	int64_t first, last;
	int64_t since, until, took;
};
int store_request_unasked(struct store *store, const struct store_late *late,
			  struct ztp_error *error);
int store_request_by_id(struct store *store, const char *id,
			struct store_request *request, struct ztp_error *error);
int store_request_by_n(struct store *store, int64_t n,
		       struct store_request *request, struct ztp_error *error);

/* Lists: visit gets each row in a temporary struct that it may change and
 * save. A nonzero return ends the walk and is returned. All rows are read
 * before the first visit, so visits may write. */
typedef int store_visit(void *arg, struct store_request *request);
int store_path_each(struct store *store, const char *path, store_visit *visit,
		    void *arg, struct ztp_error *error);
int store_channel_each(struct store *store, const char *channel,
		       store_visit *visit, void *arg, struct ztp_error *error);
/* Sets a row's channel. */
int store_channel_put(struct store *store, int64_t n, const char *channel,
		      struct ztp_error *error);
/* Rows with due_at <= until, earliest first, at most limit. Undecided requests
 * have a list of their own because they may have to wait for Kafka. */
int store_due_each(struct store *store, bool undecided, int64_t until,
		   int limit, store_visit *visit, void *arg,
		   struct ztp_error *error);
/* What is to be tried by `until`, earliest first, at most limit, which is at
 * most STORE_QUEUE_MAX. fresh: only what has never been tried, else only what
 * has been. Suspects (ztp_obligation_suspect) are in neither list, but in one
 * of their own. Rows are not read: a visit reads those that it needs, and
 * writes none. It returns STORE_PASSED for one that does not count. */
#define STORE_QUEUE_MAX 1024
#define STORE_PASSED	4 /* 1 to 3 end the walk, and are returned */
struct store_owed {
	int64_t retry_at, n;
	enum ztp_owed what;
};
typedef int store_owed_visit(void *arg, const struct store_owed *owed);
int store_retry_each(struct store *store, bool fresh, int64_t until, int limit,
		     store_owed_visit *visit, void *arg,
		     struct ztp_error *error);
int store_suspect_each(struct store *store, int64_t until, int limit,
		       store_owed_visit *visit, void *arg,
		       struct ztp_error *error);
/* Is what is kept in memory of these lists what the database says? For tests:
 * it reads them all. */
bool store_queues_agree(struct store *store);
/* Rows after row n whose command waits for its device. */
int store_waiting_each(struct store *store, int64_t after, int limit,
		       store_visit *visit, void *arg, struct ztp_error *error);
/* What a person looks for: a row that has any of these. */
#define STORE_FIND_MAX (ZTP_PATH_MAX + 300)
struct store_find {
	const char *id; /* the request's begins so; at most STORE_FIND_MAX */
	char path[STORE_FIND_MAX];   /* the device's begins so; "": none */
	char device[STORE_FIND_MAX]; /* or contains this; "": none */
	bool fingerprint;	     /* or the certificate's is among these */
	uint8_t from[ZTP_SHA256_LEN], to[ZTP_SHA256_LEN];
};
/* Which rows a person wants to see, and how many at most. */
struct store_filter {
	enum ztp_state state; /* ZTP_STATE_NONE: any */
	const char *registry; /* "s/r"; NULL: any */
	int limit;
	const struct store_find *find; /* NULL: any */
};
/* For people paging through what may be millions of rows, in order of
 * arrival: rows after row `after` up to and including row `until`, which
 * bounds the time this takes. */
int store_list_each(struct store *store, int64_t after, int64_t until,
		    const struct store_filter *filter, store_visit *visit,
		    void *arg, struct ztp_error *error);
/* The number of the next row after `after` (undecided: of the next undecided
 * one); 0 if there is none. */
int64_t store_list_next(struct store *store, int64_t after, bool undecided);
/* The same, newest first: rows below `before` down to and including row
 * `until`. And: the number of the next row below `before`. */
int store_newest_each(struct store *store, int64_t before, int64_t until,
		      const struct store_filter *filter, store_visit *visit,
		      void *arg, struct ztp_error *error);
int64_t store_list_before(struct store *store, int64_t before, bool undecided);
/* The same for finished requests that may be evicted, last finished first:
 * what follows *place, which moves to the last row examined. Examines at most
 * `window` rows. Returns how many it examined, 0 at the end, or a negative
 * error; a visit must not end the walk with a positive number. */
struct store_place {
	int64_t finished_at, n;
};
int store_finished_each(struct store *store, struct store_place *place,
			int window, const struct store_filter *filter,
			store_visit *visit, void *arg, struct ztp_error *error);
/* The earliest due_at, or retry_at (fresh or not, or of the suspects); 0 if
 * there is none. */
int64_t store_next_due(struct store *store, bool undecided);
int64_t store_next_retry(struct store *store, bool fresh);
int64_t store_next_suspect(struct store *store);
/* received_at (wall) of the undecided request that has waited longest; 0 if
 * there is none. */
int64_t store_oldest_undecided(struct store *store);
/* No device is known to be connected any more: applies ZTP_ON_CONNECTION_LOST
 * to all rows at once. */
int store_absent(struct store *store, struct ztp_error *error);
/* At start: sets every deadline back to its wall-clock value. An earlier
 * process may have moved it because the clock was stepped. */
int store_reanchor(struct store *store, struct ztp_error *error);
/* Evicts at most limit finished requests that ended before `before`, or, if
 * before is 0, the oldest. keep_onboarded: an onboarded request loses only its
 * decision. Those stay whose end the device or the gate is still to be told: the
 * gate would keep the device for as long as its certificate is valid. Returns how
 * many, or a negative error. */
int store_evict(struct store *store, int64_t before, bool keep_onboarded,
		int limit, struct ztp_error *error);
/* Evicts at most `most` of those that ended up to `before` and come after
 * *place, but for rejected ones and those that stay as above. Visits at most `limit` rows and moves the
 * place past them. Returns how many it visited, or a negative error. */
int store_evict_others(struct store *store, struct store_place *place,
		       int64_t before, bool keep_onboarded, int most, int limit,
		       struct ztp_error *error);
/* Removes everything known about a path. Returns how many requests. */
int store_forget(struct store *store, const char *path,
		 struct ztp_error *error);

/* --- why a request ended, where its state does not say so. Of very many, the
 * last ones are kept; what is evicted loses it. The text holds no secret. A
 * longer one is cut. get returns 1, 0 if none is kept ("" then), or a negative
 * error. */
#define STORE_REASON_MAX 512
int store_reason_put(struct store *store, const struct store_request *request,
		     const char *text, struct ztp_error *error);
int store_reason_get(struct store *store, const struct store_request *request,
		     char text[STORE_REASON_MAX + 1], struct ztp_error *error);

/* --- decisions about requests. put: the caller saves the request afterwards,
 * which then knows its decision. */
int store_decision_put(struct store *store, struct store_request *request,
		       const struct store_decision *decision,
		       struct ztp_error *error);
/* payload false: leaves the payload out (kind and data empty). After a return
 * of 1 the caller frees with store_decision_clear. After 0, payload_erased says
 * whether one that was evicted had a payload. */
int store_decision_get(struct store *store, const struct store_request *request,
		       bool payload, struct store_decision *decision,
		       struct ztp_error *error);
void store_decision_clear(struct store_decision *decision);

/* --- payloads, which are erased for good (store_payload.c) */
int store_payload_erase(struct store *store,
			const struct store_request *request,
			struct ztp_error *error);
/* Erases those of the requests that ended up to `until`; looks at no more than
 * `limit` requests. Returns how many it has looked at, or a negative error. */
int store_payload_expire(struct store *store, int64_t until, int limit,
			 struct ztp_error *error);
/* Is anything that was erased still in the WAL? */
bool store_payload_lingers(const struct store *store);
/* Outside of a transaction, again and again: takes what was erased out of the
 * WAL as well, seconds later. A negative error: it has to be tried again. */
int store_payload_settle(struct store *store, int64_t now,
			 struct ztp_error *error);

/* --- what is known of the request's device, by request row. get fills zeros
 * for a row that is gone. */
int store_contact_get(struct store *store, int64_t n,
		      struct ztp_contact *contact, struct ztp_error *error);
int store_contact_put(struct store *store, int64_t n,
		      const struct ztp_contact *contact,
		      struct ztp_error *error);

/* --- the outbox: records for Kafka, in order, until Kafka acknowledges them */
int store_outbox_add(struct store *store, struct store_record *record,
		     struct ztp_error *error); /* sets seq */
int store_outbox_remove(struct store *store, int64_t seq,
			struct ztp_error *error);
typedef int store_record_visit(void *arg, const struct store_record *record);
/* One topic's records after seq `after` (0: from the first). */
int store_outbox_each(struct store *store, enum store_topic topic,
		      int64_t after, int limit, store_record_visit *visit,
		      void *arg, struct ztp_error *error);
int64_t store_outbox_count(const struct store *store);
/* Those of one topic. Runs no query. */
int64_t store_outbox_waiting(const struct store *store, enum store_topic topic);
/* Those of ztp.dlq, with keys, values and headers. Runs no query. */
int64_t store_outbox_letter_bytes(const struct store *store);
/* The last seq given to a record of that topic. Runs no query. */
int64_t store_outbox_newest(const struct store *store, enum store_topic topic);
/* May there be a record of that topic after seq? Runs no query. */
bool store_outbox_after(const struct store *store, enum store_topic topic,
			int64_t seq);

#endif
