/*
 * tests/unit/life_case.h - a bridge for the tests of bridge/life: the real
 * code, with the real store and the real journal in a directory of their own,
 * in a played world (life_played.h). No thread but the store's runs beside the
 * test, and time stands still until the test moves it.
 *
 * A test says what happens (life_knock for a pending event, life_decide,
 * life_due, life_pump) and what must come of it (life_is, life_owes,
 * life_result).
 */
#ifndef TEST_LIFE_CASE_H
#define TEST_LIFE_CASE_H

#include "life_played.h"
#include "scratch.h"

#include "bridge/journal/journal_entry.h"
#include "bridge/kafka/consumer.h"
#include "bridge/ledger/ledger_local.h"
#include "bridge/life/bridge.h"
#include "bridge/life/commands.h"

#define LIFE_NOW   1767225600000 /* 2026-01-01T00:00:00Z */
#define LIFE_MIN   60000
#define LIFE_TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

/* Device paths. */
#define PUMP  "subscriptions/acme/registries/plant-7/devices/pump-42"
#define VALVE "subscriptions/acme/registries/plant-7/devices/valve-1"

/* What a request in each state leaves to others of its path or topic: nothing,
 * or all of it (free), because it ended without its device. */
#define LIFE_OTHERS 12

extern const struct life_other {
	enum ztp_state state;
	bool free;
} life_others[LIFE_OTHERS];

struct life_case {
	struct scratch scratch;
	struct config config;
	struct log log;
	struct bridge b;
	struct producer producer;
	struct ledger_local ledger;
	struct mqtt_out mqtt;
	struct registrar registrar;
	struct ztp_error error;

	int entries;		       /* written to the journal */
	int64_t offset;		       /* of the next decision */
	int64_t seen[STORE_TOPIC_END]; /* what has been read of the outbox */
	struct played_record record;   /* the last one read */
	char member[512], id[16];      /* for the last return values */
	bool more, blocked, waiting;   /* results of the last step */
};

/* --- setup and teardown. gate: with mqtt.registrar: gate. */
int life_setup(void **state);
int life_setup_gate(void **state);
int life_teardown(void **state);
#define LIFE_TEST(name)                                                        \
	cmocka_unit_test_setup_teardown(name, life_setup, life_teardown)
#define GATE_TEST(name)                                                        \
	cmocka_unit_test_setup_teardown(name, life_setup_gate, life_teardown)

void life_ok(const struct life_case *c,
	     int rc); /* fails the test with the message */
void life_pass(struct life_case *c, int64_t ms); /* time passes */
void life_commit(struct life_case *c);

/* --- pending events, through the journal */

/* An event that has just arrived, from the device with this path and the
 * certificate with this number. The request will be called "own-1", "own-2",
 * ... */
struct journal_entry life_entry(struct life_case *c, const char *path,
				int cert);
void life_write(struct life_case *c, const struct journal_entry *entry);
/* Reads at most `limit` entries and acts on them. */
int life_read(struct life_case *c, int limit);
void life_take(struct life_case *c,
	       const struct journal_entry *entry); /* both */
void life_knock(struct life_case *c, const char *path, int cert);
/* The same with an id from the broker. */
void life_knock_as(struct life_case *c, const char *path, int cert,
		   const char *id);

/* --- requests */

/* Puts a request into the store, of this path and certificate, as it is in this
 * state after an ordinary life: announced a minute ago, decided if the state
 * implies it, due in a minute. Returns the number of its row. */
int64_t life_put(struct life_case *c, const char *path, int cert,
		 enum ztp_state state, enum ztp_owed what);
struct store_request life_row(struct life_case *c, int64_t n);
/* The decision about row n; 1 if there is one, which the caller clears. */
int life_decision(struct life_case *c, int64_t n, bool payload,
		  struct store_decision *d);
void life_save(struct life_case *c, struct store_request *r);
/* The gate has answered the question about row n. found: getDevice found one in this
 * state, with the key and the id of row n. The answer may be changed. */
struct control_answer *life_answer(struct life_case *c, int64_t n,
				   enum registrar_question question,
				   const char *code);
struct control_answer *life_found(struct life_case *c, int64_t n,
				  enum registrar_question question,
				  const char *state);
/* The id that life_put gave to row n. */
const char *life_id(struct life_case *c, int64_t n);
int64_t life_newest(struct life_case *c); /* the newest row; 0: none */

void life_is(struct life_case *c, int64_t n, enum ztp_state state);
/* Why it ended, as the operator is told; "": its state says it all. */
void life_why(struct life_case *c, int64_t n, const char *why);
/* due_in and retry_in are relative to now; LIFE_NEVER: none. */
#define LIFE_NEVER INT64_MIN
void life_owes(struct life_case *c, int64_t n, enum ztp_owed what,
	       int64_t retry_in, int64_t due_in);

/* --- decisions */

/* The next record of ztp.decisions, partition 0, without key and headers. */
struct consumer_record life_next(struct life_case *c, const char *json);
int life_decide(struct life_case *c, const struct consumer_record *record);
void life_approve(struct life_case *c, int64_t n);
void life_reject(struct life_case *c, int64_t n);
/* Handles the deadlines that have passed. The limit is 256, so none is left. */
void life_due(struct life_case *c);

/* --- commands */

void life_up(struct life_case *c, int window); /* connected */
void life_down(struct life_case *c);
void life_pump(struct life_case *c);
/* The broker's answer to the i-th publish, counted from 0. */
bool life_puback(struct life_case *c, int i, int reason_code);
/* The rest of the loop's turn: apply, commit, settle. */
void life_turn(struct life_case *c);

/* --- records in the outbox, each read once, into c->record */

bool life_record(struct life_case *c, enum store_topic topic);
void life_no_record(struct life_case *c, enum store_topic topic);
/* Expects one result, for this request (NULL: any) and with this outcome. */
void life_result(struct life_case *c, const char *id, const char *outcome);
/* A member of the record's value by its dotted name, numbers as text; "" when
 * absent. Valid until the next call. */
const char *life_member(struct life_case *c, const char *name);

/* True when the log has such a line. Empties the log then. */
bool life_logged(struct life_case *c, const char *event);

#endif
