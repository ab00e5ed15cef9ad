/*
 * bridge/store/store_internal.h - what the files of the SQLite store share.
 * Only they and their tests include it.
 */
#ifndef BRIDGE_STORE_STORE_INTERNAL_H
#define BRIDGE_STORE_STORE_INTERNAL_H

#include "base/sqlite.h"
#include "bridge/store/store.h"
#include "bridge/store/store_changes.h"
#include "bridge/store/store_gather.h"

/* The number of an outbox row holds the topic in its high bits and the order
 * within the topic in its low bits. Each topic is therefore read as a range,
 * and none waits for another. */
#define OUTBOX_SEQ(topic) ((int64_t)(topic) << 56)
#define OUTBOX_TOPIC(seq) ((seq) >> 56)

/* Row numbers of decisions begin after it. Older decisions have the number of
 * their request, and no number of a request is as large. */
#define DECISION_FIRST (INT64_C(1) << 40)
/* Instead of a row: its decision has been evicted, with its payload, or it had
 * none. 0, of one that has no row either, is of a release that did not tell. */
#define DECISION_EVICTED      DECISION_FIRST
#define DECISION_EVICTED_BARE (DECISION_FIRST - 1)

#define STORE_APPLICATION_ID 0x5a545042 /* "ZTPB" */
#define STORE_SCHEMA_VERSION 7

#define STORE_WAL_LIMIT "PRAGMA journal_size_limit=33554432"
#define STORE_BUSY_MS	5000 /* an online backup may hold the lock */
/* What is to be tried stands in one of three queues (enum store_queue), so that
 * nobody walks over the others'. The index request_retry has it like this. */
#define STORE_QUEUE "CASE WHEN losses>0 THEN 2 ELSE tries>0 END"

/* Every statement; each is prepared once. X(NAME, "sql") */
#define REQUEST_COLUMNS                                                        \
	"n,id,path,fingerprint,channel,traceparent,state,attempt,"             \
	"received_at,expires_at,announced_at,due_at,retry_at,todo,tries,"      \
	"finished_at,delivered_at,decision,losses"

/* The size of an outbox row. */
#define STORE_OUT_BYTES                                                        \
	"ifnull(length(key),0)+ifnull(length(value),0)+length(headers)"

/* What a search means (store_find.c): ?7 is NULL if there is none. */
#define STORE_FIND                                                             \
	"AND (?7 IS NULL OR (id>=?8 AND id<?9) "                               \
	"OR (path>=?10 AND path<?11) OR instr(path,?12)>0 "                    \
	"OR fingerprint BETWEEN ?13 AND ?14) "

/* release, notice_send, notice_check, notice_wait (ztp/obligation.h) */
#define STORE_TO_BE_TOLD "ifnull(todo,0) IN (3,4,6,7)"
/* While the broker is away all that has ended is to be told, and no turn is to
 * look at all of it. */
#define STORE_PASSED_OVER "2048"

#define STORE_SQL(X)                                                           \
	X(BEGIN, ZTP_SQL_BEGIN)                                                \
	X(READ, "BEGIN")                                                       \
	X(COMMIT, ZTP_SQL_COMMIT)                                              \
	X(ROLLBACK, ZTP_SQL_ROLLBACK)                                          \
	X(TURN, "SAVEPOINT turn")                                              \
	X(RELEASE, "RELEASE turn")                                             \
	X(UNDO, "ROLLBACK TO turn")                                            \
	X(META_GET, "SELECT value FROM meta WHERE name=?1")                    \
	X(META_SET, "INSERT INTO meta(name,value) VALUES(?1,?2) "              \
		    "ON CONFLICT(name) DO UPDATE SET value=?2")                \
	X(META_DEL, "DELETE FROM meta WHERE name=?1")                          \
	X(OFFSET_GET, "SELECT next,landmark,written_at,crc FROM position "     \
		      "WHERE topic=?1 AND part=?2")                            \
	X(OFFSET_EACH, "SELECT part,next FROM position "                       \
		       "WHERE topic=?1 AND next>=0 ORDER BY part")             \
	X(OFFSET_ANY, "SELECT max(next) FROM position WHERE topic=?1")         \
	X(OFFSET_OTHER, "SELECT topic FROM position "                          \
			"WHERE topic<>?1 AND next>0 LIMIT 1")                  \
	X(OFFSET_RESTART, "UPDATE position SET next=0,landmark=-1 "            \
			  "WHERE topic=?1")                                    \
	X(OFFSET_SET, "INSERT INTO position(topic,part,next,landmark,"         \
		      "written_at,crc) VALUES(?1,?2,?3,?4,?5,?6) "             \
		      "ON CONFLICT(topic,part) DO UPDATE SET next=?3,"         \
		      "landmark=?4,written_at=?5,crc=?6")                      \
	X(REQ_ADD, "INSERT INTO request(" REQUEST_COLUMNS                      \
		   ",path_hash,undecided) VALUES"                              \
		   "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,"      \
		   "?16,?17,NULL,?20,?18,?19)")                                \
	X(REQ_SAVE, "UPDATE request SET state=?2,announced_at=?3,due_at=?4,"   \
		    "retry_at=?5,todo=?6,tries=?7,finished_at=?8,"             \
		    "delivered_at=?9,undecided=?10,decision=?11,losses=?12 "   \
		    "WHERE n=?1")                                              \
	X(REQ_CHANNEL_SET, "UPDATE request SET channel=?2 WHERE n=?1")         \
	X(REQ_ANNOUNCED,                                                       \
	  "UPDATE request SET state=?2,announced_at=max(announced_at,?6) "     \
	  "WHERE n>=?1 AND n<=?5 AND state=?3 AND due_at>?4")                  \
	X(REQ_UNASKED,                                                         \
	  "UPDATE request SET state=?1 WHERE undecided=1 AND due_at<=?2 "      \
	  "AND state=?3 AND announced_at>=?4 AND due_at-announced_at<=?5 "     \
	  "AND n>=?6 AND n<=?7 "                                               \
	  "RETURNING n")                                                       \
	X(REQ_BY_ID, "SELECT " REQUEST_COLUMNS ",path_hash FROM request "      \
		     "WHERE id=?1")                                            \
	X(REQ_BY_N, "SELECT " REQUEST_COLUMNS ",path_hash FROM request "       \
		    "WHERE n=?1")                                              \
	X(REQ_PATH, "SELECT " REQUEST_COLUMNS " FROM request "                 \
		    "WHERE path_hash=?1 AND path=?2 ORDER BY n")               \
	X(REQ_CHANNEL, "SELECT " REQUEST_COLUMNS " FROM request "              \
		       "WHERE channel=?1 ORDER BY n")                          \
	X(REQ_UNDECIDED, "SELECT " REQUEST_COLUMNS " FROM request "            \
			 "WHERE undecided=1 AND due_at<=?1 "                   \
			 "ORDER BY due_at LIMIT ?2")                           \
	X(REQ_DUE, "SELECT " REQUEST_COLUMNS " FROM request "                  \
		   "WHERE undecided IS NULL AND due_at IS NOT NULL "           \
		   "AND due_at<=?1 ORDER BY due_at LIMIT ?2")                  \
	X(QUEUE, "SELECT n,retry_at,todo FROM request "                        \
		 "WHERE retry_at IS NOT NULL AND " STORE_QUEUE "=?1 "          \
		 "ORDER BY retry_at,n LIMIT ?2")                               \
	X(REQ_LIST, "SELECT " REQUEST_COLUMNS " FROM request "                 \
		    "WHERE n>?1 AND n<=?6 AND (?2=0 OR state=?2) "             \
		    "AND (?3 IS NULL OR (path>=?3 AND path<?4)) " STORE_FIND   \
		    "ORDER BY n LIMIT ?5")                                     \
	X(LIST_NEXT, "SELECT min(n) FROM request WHERE n>?1")                  \
	X(LIST_NEXT_UNDECIDED, "SELECT min(n) FROM request "                   \
			       "INDEXED BY request_undecided "                 \
			       "WHERE undecided=1 AND n>?1")                   \
	X(LIST_NEWEST,                                                         \
	  "SELECT n FROM request WHERE n<?1 AND n>=?6 "                        \
	  "AND (?2=0 OR state=?2) "                                            \
	  "AND (?3 IS NULL OR (path>=?3 AND path<?4)) " STORE_FIND             \
	  "ORDER BY n DESC LIMIT ?5")                                          \
	X(LIST_LAST, "SELECT max(n) FROM request WHERE n<?1")                  \
	X(LIST_LAST_UNDECIDED, "SELECT max(n) FROM request "                   \
			       "INDEXED BY request_undecided "                 \
			       "WHERE undecided=1 AND n<?1")                   \
	X(LIST_FINISHED,                                                       \
	  "SELECT n,finished_at,(?2=0 OR state=?2) "                           \
	  "AND (?3 IS NULL OR (path>=?3 AND path<?4)) " STORE_FIND             \
	  "FROM request INDEXED BY request_finished "                          \
	  "WHERE finished_at<=?1 "                                             \
	  "AND (finished_at<?1 OR n<?6) "                                      \
	  "ORDER BY finished_at DESC,n DESC LIMIT ?5")                         \
	X(REQ_WAITING, "SELECT " REQUEST_COLUMNS " FROM request "              \
		       "WHERE todo=5 AND n>?1 "                                \
		       "ORDER BY n LIMIT ?2")                                  \
	X(NEXT_UNDECIDED, "SELECT min(due_at) FROM request "                   \
			  "WHERE undecided=1")                                 \
	X(NEXT_DUE, "SELECT min(due_at) FROM request "                         \
		    "WHERE undecided IS NULL AND due_at IS NOT NULL")          \
	X(OLDEST, "SELECT received_at FROM request WHERE undecided=1 "         \
		  "ORDER BY n LIMIT 1")                                        \
	X(EVICT_LIST, "SELECT " REQUEST_COLUMNS " FROM "                       \
		      "(SELECT * FROM request WHERE finished_at<=?1 "          \
		      "ORDER BY finished_at LIMIT " STORE_PASSED_OVER ") "     \
		      "WHERE NOT " STORE_TO_BE_TOLD " LIMIT ?2")               \
	X(EVICT_MORE, "SELECT " REQUEST_COLUMNS " FROM request "               \
		      "WHERE finished_at>=?1 AND (finished_at>?1 OR n>?2) "    \
		      "AND finished_at<=?3 "                                   \
		      "ORDER BY finished_at,n LIMIT ?4")                       \
	X(REQ_DEL, "DELETE FROM request WHERE n=?1")                           \
	X(ABSENT, "UPDATE request SET tries=0,"                                \
		  "todo=CASE todo WHEN 2 THEN 5 ELSE 6 END,"                   \
		  "retry_at=CASE todo WHEN 2 THEN NULL ELSE retry_at END "     \
		  "WHERE todo IN (2,4) AND retry_at IS NOT NULL")              \
	X(REANCHOR, "UPDATE request SET due_at=expires_at "                    \
		    "WHERE undecided=1 AND due_at<>expires_at")                \
	X(REQ_UNLIST, "UPDATE request SET finished_at=NULL,decision=?2 "       \
		      "WHERE n=?1")                                            \
	X(DEC_PUT, "INSERT OR REPLACE INTO decision(n,by_customer,verdict,"    \
		   "digest,topic,part,offset,reason,message,kind,payload,"     \
		   "content_type,metadata) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9," \
		   "?10,?11,?12,?13)")                                         \
	X(DEC_GET, "SELECT by_customer,verdict,digest,topic,part,offset,"      \
		   "reason,message FROM decision WHERE n=?1")                  \
	X(DEC_GET_ALL, "SELECT by_customer,verdict,digest,topic,part,offset,"  \
		       "reason,message,kind,payload,content_type,metadata "    \
		       "FROM decision WHERE n=?1")                             \
	X(DEC_HAD, "SELECT kind<>0 FROM decision WHERE n=?1")                  \
	X(DEC_DEL, "DELETE FROM decision WHERE n=?1")                          \
	X(DEC_ERASE, "UPDATE decision SET kind=(kind&15)+32,"                  \
		     "payload=zeroblob(length(payload)) "                      \
		     "WHERE n=?1 AND kind BETWEEN 1 AND 31")                   \
	X(DEC_EXPIRED, "SELECT finished_at,n,ifnull(decision,n) "              \
		       "FROM request INDEXED BY request_finished "             \
		       "WHERE finished_at>=?1 AND finished_at<=?2 "            \
		       "AND (finished_at>?1 OR n>?3) "                         \
		       "ORDER BY finished_at,n LIMIT ?4")                      \
	X(CONTACT_GET, "SELECT heard,connection,resends,resent_at "            \
		       "FROM request WHERE n=?1")                              \
	X(CONTACT_SET, "UPDATE request SET heard=?2,connection=?3,resends=?4," \
		       "resent_at=?5 WHERE n=?1")                              \
	X(OUT_ADD, "INSERT INTO outbox(seq,topic,request,key,value,headers) "  \
		   "VALUES(?1,?2,?3,?4,?5,?6)")                                \
	X(OUT_DEL, "DELETE FROM outbox WHERE seq=?1")                          \
	X(OUT_SIZE, "SELECT " STORE_OUT_BYTES " FROM outbox WHERE seq=?1")     \
	X(OUT_LIST, "SELECT seq,topic,request,key,value,headers FROM outbox "  \
		    "WHERE seq>?1 AND seq<?3 ORDER BY seq LIMIT ?2")

enum store_sql {
#define X(name, sql) SQL_##name,
	STORE_SQL(X)
#undef X
		SQL_COUNT
};

/* Never tried, tried before, or suspected (ztp_obligation_suspect). */
enum store_queue { STORE_FRESH, STORE_TRIED, STORE_SUSPECT, STORE_QUEUES };

#define STORE_ERASED 32 /* in a decision's `kind`: its payload is */

/* What the loop asks in every turn: the earliest time of each kind, 0 if there
 * is none. When the earliest one changes, the next is unknown until it is
 * looked up. */
enum store_times { STORE_DUE_UNDECIDED, STORE_DUE_OTHERS, STORE_TIMES_END };

struct store_soonest {
	bool known;
	int64_t at;
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *stmt[SQL_COUNT];
	int lock_fd;
	bool damaged; /* see store_is_damaged */
	char *path;
	struct ztp_sqlite_file file;
	bool in_transaction, commit_required;
	bool reading; /* store_read_begin has begun a transaction */
	struct store_request *spare; /* store_walk's rows; NULL while in use */
	size_t spare_room;
	char hashed[ZTP_PATH_MAX + 1]; /* the path hashed last, and its hash */
	int64_t hash;
	struct store_queues *queues;   /* as of the open transaction */
	struct store_changes *changes; /* NULL: it is nobody's copy */
	struct store_state *state;     /* likewise (store_state.c) */
	struct store_checkpoint *writeback;
	struct store_gather *gather;
	/* Of the erasures, how many are not in the WAL any more, since when, and
	 * how many it is being emptied for (0: it is not). */
	uint64_t erased, erasing, stirred;
	int64_t erased_at;

	/* `facts` is what holds inside the open transaction, `committed` as of
	 * the last commit. */
	struct store_counters {
		int64_t count[ZTP_STATE_END];
		int64_t outbox_count, request_n, newest;
		int64_t waiting[STORE_TOPIC_END]; /* counted at start */
		int64_t letter_bytes;		  /* likewise */
		int64_t listed;		   /* finished, and may be evicted */
		int64_t decision_n;	   /* the newest decision's row */
		struct store_place erased; /* payloads are, up to this one */
		uint64_t erasures;	   /* rows whose bytes must go */
		struct store_soonest soonest[STORE_TIMES_END];
		bool moved; /* a deadline may differ from expires_at */
		int64_t outbox_seq[STORE_TOPIC_END];
		struct journal_mark mark, floor;
		/* Of a copy: the decisions that are held. */
		bool held_known;
		int64_t held_count, held_bytes;
	} facts, committed;
};

/* The facts that are stored: read at start, and written with each commit if
 * they have changed. */
int store_counters_read(struct store *store, struct ztp_error *error);
int store_counters_write(struct store *store, int64_t now,
			 struct ztp_error *error);

/* A copy's transactions are savepoints (store_turn.c). undo: the open one.
 * write: commits the database, outside of a turn. */
int store_turn_begin(struct store *store, struct ztp_error *error);
void store_turn_undo(struct store *store);
int store_copy_write(struct store *store, struct ztp_error *error);
void store_state_close(struct store *store);
/* Begins a transaction if none is open. */
int store_begin(struct store *store, struct ztp_error *error);
/* Returns the statement, reset, after beginning a transaction if it writes; or
 * NULL with error filled. */
sqlite3_stmt *store_stmt(struct store *store, enum store_sql sql, bool write,
			 struct ztp_error *error);
/* Steps a statement that returns no row, and resets it. */
int store_run(struct store *store, sqlite3_stmt *stmt, struct ztp_error *error);
/* The first column of the first row; ?1, if used, is bound to arg. Returns
 * false and sets 0 if there is no row or the database cannot be read. */
bool store_number(struct store *store, enum store_sql sql, int64_t arg,
		  int64_t *value);
/* Its first column as text: 1, 0 and "" if there is no row, or a negative error. */
int store_text(struct store *store, enum store_sql sql, const char *arg,
	       char *value, size_t cap, struct ztp_error *error);
/* Runs a bound statement that selects REQUEST_COLUMNS: first reads all rows,
 * then visits each. */
int store_walk(struct store *store, sqlite3_stmt *stmt, store_visit *visit,
	       void *arg, struct ztp_error *error);
/* Row r has been written: updates the earliest times. Or: all rows may have
 * changed, so none of these times is known. */
void store_times_count(struct store *store, struct store_request *r);
void store_times_forget(struct store *store);
/* What is to be tried, in memory (store_queue.c). count: row r has been
 * written. forget: any row may have changed. */
int store_queues_open(struct store *store, struct ztp_error *error);
void store_queues_close(struct store *store);
void store_queues_count(struct store *store, const struct store_request *r);
void store_queues_forget(struct store *store);
enum store_queue store_queue(const struct ztp_obligation *owed);
/* Row r goes, and with it why it ended (store_reason.c). */
int store_reason_drop(struct store *store, const struct store_request *r,
		      struct ztp_error *error);
/* The hash under which the index finds a path (store_path.c). */
int64_t store_path_hash(struct store *store, const char *path);
/* It has just been read with a row of that path, which is often looked up next.
 */
void store_path_hash_is(struct store *store, const char *path, int64_t hash);
/* The thread that keeps the WAL short (store_checkpoint.c). No other part of
 * the store is used by another thread. */
int store_checkpoint_open(struct store *store, struct ztp_error *error);
void store_checkpoint_close(struct store_checkpoint *writeback);
/* Wants the WAL emptied: it is written back and truncated as soon as the thread
 * and the commits allow. And: has it been, since it was wanted? Not within a
 * transaction. */
void store_checkpoint_empty(struct store_checkpoint *writeback);
bool store_checkpoint_emptied(struct store_checkpoint *writeback, sqlite3 *db);
/* Row n holds what this program does not write. Returns ZTP_ERR_IO, fatal. */
int store_damaged(const struct store *store, int64_t n,
		  struct ztp_error *error);
/* Locks a store that no other process has. *fd, which the caller closes, is -1 or
 * of the lock, also after an error. */
int store_lock(const char *path, int *fd, struct ztp_error *error);
/* For an error that is not translated by store_fail. */
static inline void store_note_damage(struct store *store, int rc)
{
	int primary = rc & 0xff;

	if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB)
		store->damaged = true;
}
/* Translates sqlite3's last error. */
int store_fail(struct store *store, int rc, struct ztp_error *error);

/* Turns "s/r" into the range of that registry's paths. False: there cannot be
 * such a registry. */
bool store_registry_range(const char *registry, char from[ZTP_PATH_MAX + 2],
			  char to[ZTP_PATH_MAX + 2]);

/* The number of a request's row in the table of decisions. */
int64_t store_decision_row(const struct store_request *request);

/* Binds ?7 to ?14; find may be NULL. */
void store_bind_find(sqlite3_stmt *stmt, const struct store_find *find);
void store_bind_text(sqlite3_stmt *stmt, int i, const char *text);
/* 0 and "" are bound as NULL, which the partial indexes leave out. */
void store_bind_time(sqlite3_stmt *stmt, int i, int64_t ms);
void store_copy_text(sqlite3_stmt *stmt, int column, char *out, size_t cap);

#endif
