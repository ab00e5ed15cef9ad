/*
 * bridge/store/state_row.h - the rows of `ztp.state` as bytes: what the bridges
 * of a group replicate to each other through Kafka. Any thread; no I/O.
 *
 * A record's key says which row it is, its value is the row's content, and a
 * null value removes the row. A value is a byte with the format's version and
 * then the columns in a fixed order, each with its type; they are those of the
 * store's tables, so that a row goes from a table to a record and back without
 * anybody knowing what it means. The bytes have one order on all machines.
 *
 * A format is read one release before it is written, so a bridge that finds a
 * newer one (ZTP_ERR_STATE_NEWER) must not become active.
 */
#ifndef BRIDGE_STORE_STATE_ROW_H
#define BRIDGE_STORE_STATE_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ztp/codec.h"
#include "ztp/error.h"

#define STATE_FORMAT	1
#define STATE_CELLS_MAX 24
#define STATE_KEY_MAX	192
/* Of what is removed, the number that the row has in the store. */
#define STATE_ROW_HEADER "ztp.row"
#define STATE_BIRTH_KEY	 "birth"
#define STATE_KEY_HELD	 "held/"
/* Bytes of a held decision's key, and of its value. */
#define STATE_HELD_FIELD_MAX (256 * 1024)
/* What Kafka has to take as one record: a held decision with its headers is the
 * largest row, if not somebody subscribes to thousands of topics (filters). */
#define STATE_ROW_BYTES	     600000
#define STATE_ROW_BYTES_TEXT "600000"

/* X(NAME, "key"): one that ends in '/' is followed by the row's own name. The
 * keys are in Kafka: never change them. */
#define STATE_KIND_LIST(X)                                                     \
	X(BIRTH, STATE_BIRTH_KEY)                                              \
	X(ACTIVE, "active")                                                    \
	X(FACTS, "facts")                                                      \
	X(FILTERS, "filters")                                                  \
	X(LOST, "lost")                                                        \
	X(TAKEN, "at/journal")                                                 \
	X(POSITION, "at/")                                                     \
	X(JOURNAL, "j/")                                                       \
	X(REQUEST, "r/")                                                       \
	X(DECISION, "d/")                                                      \
	X(HELD, STATE_KEY_HELD)

enum state_kind {
#define X(name, key) STATE_##name,
	STATE_KIND_LIST(X)
#undef X
		STATE_KINDS
};

/* The columns of each kind, in their order. */
enum state_birth { STATE_BIRTH_ID, STATE_BIRTH_AT, STATE_BIRTH_CELLS };
enum state_active {
	STATE_ACTIVE_INSTANCE,
	STATE_ACTIVE_EPOCH,
	STATE_ACTIVE_LEFT,
	STATE_ACTIVE_HOLD_UNTIL, /* wall ms; decisions of unknown ids are held */
	STATE_ACTIVE_AT,
	STATE_ACTIVE_CELLS
};
enum state_facts {
	STATE_FACTS_NEWEST,
	STATE_FACTS_ERASED_AT,
	STATE_FACTS_ERASED_N,
	STATE_FACTS_CELLS
};
enum state_journal {
	STATE_JOURNAL_SEGMENT,
	STATE_JOURNAL_OFFSET,
	STATE_JOURNAL_CELLS
};
enum state_position {
	STATE_POSITION_TOPIC,
	STATE_POSITION_PART,
	STATE_POSITION_NEXT,
	STATE_POSITION_LANDMARK,
	STATE_POSITION_WRITTEN_AT,
	STATE_POSITION_CRC,
	STATE_POSITION_CELLS
};
enum state_request {
	STATE_REQUEST_N,
	STATE_REQUEST_ID,
	STATE_REQUEST_PATH,
	STATE_REQUEST_FINGERPRINT,
	STATE_REQUEST_CHANNEL,
	STATE_REQUEST_TRACEPARENT,
	STATE_REQUEST_STATE,
	STATE_REQUEST_ATTEMPT,
	STATE_REQUEST_RECEIVED_AT,
	STATE_REQUEST_EXPIRES_AT,
	STATE_REQUEST_ANNOUNCED_AT,
	STATE_REQUEST_DUE_AT,
	STATE_REQUEST_RETRY_AT,
	STATE_REQUEST_TODO,
	STATE_REQUEST_TRIES,
	STATE_REQUEST_FINISHED_AT,
	STATE_REQUEST_DELIVERED_AT,
	STATE_REQUEST_DECISION,
	STATE_REQUEST_LOSSES,
	STATE_REQUEST_HEARD,
	STATE_REQUEST_CONNECTION,
	STATE_REQUEST_RESENDS,
	STATE_REQUEST_RESENT_AT,
	STATE_REQUEST_CELLS
};
enum state_decision {
	STATE_DECISION_N, /* its own row; the request's names it */
	STATE_DECISION_REQUEST,
	STATE_DECISION_BY_CUSTOMER,
	STATE_DECISION_VERDICT,
	STATE_DECISION_DIGEST,
	STATE_DECISION_TOPIC,
	STATE_DECISION_PART,
	STATE_DECISION_OFFSET,
	STATE_DECISION_REASON,
	STATE_DECISION_MESSAGE,
	STATE_DECISION_KIND,
	STATE_DECISION_PAYLOAD,
	STATE_DECISION_CONTENT_TYPE,
	STATE_DECISION_METADATA,
	STATE_DECISION_CELLS
};
enum state_held {
	STATE_HELD_TOPIC,
	STATE_HELD_PART,
	STATE_HELD_OFFSET,
	STATE_HELD_UNTIL, /* wall ms */
	STATE_HELD_KEY,
	STATE_HELD_VALUE,
	STATE_HELD_HEADERS,
	STATE_HELD_CELLS
};

enum state_type {
	STATE_NULL,
	STATE_NUMBER,
	STATE_TEXT, /* UTF-8 is not checked; there is no NUL in it */
	STATE_BYTES
};

/* A text or bytes are a view into what was decoded, or the caller's. */
struct state_cell {
	enum state_type type;
	int64_t number;
	struct ztp_str bytes;
};

struct state_row {
	enum state_kind kind;
	struct ztp_str name; /* what follows the '/' in the key; a view */
	bool removed;	     /* its value was null; there are no cells */
	int count;
	struct state_cell cells[STATE_CELLS_MAX];
};

/* Grows as needed; {0} is empty. Free bytes with free(). */
struct state_bytes {
	uint8_t *p;
	size_t len, cap;
};

/* How many columns a row of that kind has. */
int state_cells(enum state_kind kind);

/* Writes the key, with a NUL. name: "" for a kind that has none. Returns its
 * length, or ZTP_ERR_TOO_LARGE. */
int state_key(char key[STATE_KEY_MAX + 1], enum state_kind kind,
	      const char *name);

/* Replaces what is in out. Fails if the row is not one that state_row_decode
 * would take, or for lack of memory. */
int state_row_encode(struct state_bytes *out, const struct state_row *row,
		     struct ztp_error *error);

/* value.p NULL: the row is removed. Views point into key and value. Errors:
 * ZTP_ERR_STATE_NEWER, of a later release; ZTP_ERR_VALUE, it is no row. */
int state_row_decode(struct state_row *row, struct ztp_str key,
		     struct ztp_str value, struct ztp_error *error);

#endif
