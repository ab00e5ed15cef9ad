/*
 * bridge/store/store_state_internal.h - shared by store_state.c (rows that are
 * told) and store_copy.c (rows that are taken).
 */
#ifndef BRIDGE_STORE_STORE_STATE_INTERNAL_H
#define BRIDGE_STORE_STORE_STATE_INTERNAL_H

#include "bridge/store/store_internal.h"
#include "bridge/store/store_state.h"

/* In the order of enum state_request and enum state_decision. */
#define STATE_REQUEST_COLUMNS                                                  \
	REQUEST_COLUMNS ",heard,connection,resends,resent_at"
#define STATE_DECISION_COLUMNS                                                 \
	"by_customer,verdict,digest,topic,part,offset,reason,message,kind,"    \
	"payload,content_type,metadata"
#define STATE_POSITION_COLUMNS "topic,part,next,landmark,written_at,crc"

#define STATE_REQUEST_INSERT                                                   \
	"INTO request(path_hash,undecided," STATE_REQUEST_COLUMNS ") "         \
	"VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,"                   \
	"?14,?15,?16,?17,?18,?19,?20,?21,?22,?23,?24,?25)"

#define STATE_STATEMENTS(X)                                                    \
	X(REQUEST, "SELECT " STATE_REQUEST_COLUMNS " FROM request WHERE n=?1") \
	X(DECISION, "SELECT d.n,r.n,d.by_customer,d.verdict,d.digest,"         \
		    "d.topic,d.part,d.offset,d.reason,d.message,d.kind,"       \
		    "d.payload,d.content_type,d.metadata,r.id FROM request r " \
		    "JOIN decision d ON d.n=ifnull(r.decision,r.n) "           \
		    "WHERE r.n=?1")                                            \
	X(POSITION, "SELECT " STATE_POSITION_COLUMNS " FROM position "         \
		    "WHERE (part=?1 OR ?1=-1) AND topic=?2")                   \
	X(FILTERS,                                                             \
	  "SELECT nullif(value,''),'' FROM meta WHERE name='" STORE_FILTERS    \
	  "'")                                                                 \
	X(LOST,                                                                \
	  "SELECT CAST(value AS INTEGER),'' FROM meta WHERE name='" STORE_LOST \
	  "'")                                                                 \
	X(PUT_REQUEST, "INSERT OR REPLACE " STATE_REQUEST_INSERT)              \
	X(NEW_REQUEST, "INSERT OR IGNORE " STATE_REQUEST_INSERT)               \
	X(SAME_REQUEST, "UPDATE request SET undecided=?2,state=?9,"            \
			"announced_at=?13,due_at=?14,retry_at=?15,todo=?16,"   \
			"tries=?17,finished_at=?18,delivered_at=?19,"          \
			"decision=?20,losses=?21,heard=?22,connection=?23,"    \
			"resends=?24,resent_at=?25 WHERE n=?3 AND id=?4 "      \
			"AND path_hash=?1 AND path=?5 AND fingerprint IS ?6 "  \
			"AND channel IS ?7 AND traceparent IS ?8 "             \
			"AND attempt IS ?10 AND received_at IS ?11 "           \
			"AND expires_at IS ?12")                               \
	X(PUT_DECISION,                                                        \
	  "INSERT OR REPLACE INTO decision(n," STATE_DECISION_COLUMNS          \
	  ") VALUES(?1,?3,?4,?5,?6,?7,"                                        \
	  "?8,?9,?10,?11,?12,?13,?14)")                                        \
	X(PUT_POSITION,                                                        \
	  "INSERT OR REPLACE INTO position(" STATE_POSITION_COLUMNS            \
	  ") VALUES(?1,?2,?3,?4,?5,?6)")                                       \
	X(OLD_REQUEST, "SELECT state,finished_at IS NOT NULL,decision "        \
		       "FROM request WHERE n=?1")                              \
	X(OLD_ID, "SELECT n FROM request WHERE id=?1 AND n<>?2")               \
	X(OLD_DECISION, "DELETE FROM decision WHERE n<>?2 AND "                \
			"n=(SELECT decision FROM request WHERE n=?1)")         \
	X(DEL_REQUEST, "DELETE FROM request WHERE n=?1 AND id=?2")             \
	X(DEL_POSITION, "DELETE FROM position WHERE topic=?1 AND "             \
			"part=CAST(?2 AS INTEGER)")                            \
	X(AFTER, "SELECT name,value FROM meta WHERE name>?1 AND name<?2 "      \
		 "ORDER BY name LIMIT 1")                                      \
	X(HELD, "SELECT count(*),ifnull(sum(length(value)),0) FROM meta "      \
		"WHERE name>'held/' AND name<'held0'")

/* In `meta`: what the copy stands for, and whether it is being turned into something
 * else. */
#define STORE_COPY	"copy"
#define STORE_COPY_TEXT 96
#define STORE_MOVE	"move"

enum state_sql {
#define X(name, sql) STATE_SQL_##name,
	STATE_STATEMENTS(X)
#undef X
		STATE_SQL_COUNT
};

struct store_state {
	sqlite3_stmt *stmt[STATE_SQL_COUNT];
	char *topic; /* of the decisions */
	struct state_bytes bytes;
	bool lost;	/* see store_copy_lost */
	bool dirty;	/* see store_copy_dirty */
	char **indexes; /* that are to be made again, NULL at the end */
};

/* The columns of the statement's row, in the order of its kind. */
void store_state_read(sqlite3_stmt *stmt, enum state_kind kind,
		      struct state_row *row);
void store_state_indexes_free(struct store_state *state);
/* "": nothing. */
void store_copy_parse(struct store_copy *copy, const char *text);
/* value.p NULL: removes the row. */
int store_state_small_write(struct store *store, const char *key,
			    struct ztp_str value, struct ztp_error *error);

#endif
