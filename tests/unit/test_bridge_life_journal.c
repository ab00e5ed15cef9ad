/* From the journal to the store: how much at a time, what is held back, and
 * which time counts. */
#include "life_case.h"

#include "bridge/life/records.h"
#include "bridge/life/told_bound.h"

static struct journal_entry dead_entry(struct life_case *c)
{
	struct journal_entry e = {
		.kind = ENTRY_DEAD,
		.arrived_wall = c->b.core.now,
		.arrived_steady = c->b.core.now,
		.path = PUMP,
		.request_id = "event-1",
		.why = {.code = ZTP_ERR_CERT, .message = "not a certificate"},
		.topic = "ztp/v1/pending",
		.text = "{\"request_id\":\"event-1\"}",
		.text_len = 24,
		.size = 5000,
	};

	memset(e.sha256, 0xab, sizeof(e.sha256));
	return e;
}

static struct journal_entry audit_entry(const char *path)
{
	return (struct journal_entry){
		.kind = ENTRY_AUDIT,
		.path = path,
		.text = "{\"at\":\"now\"}",
		.text_len = 12,
	};
}

static void write_events(struct life_case *c, int count)
{
	int i;

	for (i = 1; i <= count; i++) {
		struct journal_entry e = life_entry(c, i % 2 ? PUMP : VALVE, i);

		life_write(c, &e);
	}
}

/* --- how much */

static void a_batch_is_bounded(void **state)
{
	struct life_case *c = *state;
	struct journal_mark before;

	write_events(c, 3);
	life_ok(c, life_read(c, 2));
	assert_true(c->more);
	assert_int_equal(life_newest(c), 2);
	before = c->b.mark;
	life_ok(c, life_read(c, 2));
	assert_false(c->more);
	assert_int_equal(life_newest(c), 3);
	assert_true(journal_before(&before, &c->b.mark));
	before = c->b.mark;
	life_ok(c, life_read(c, 2)); /* nothing */
	assert_false(c->more || c->blocked);
	assert_false(journal_before(&before, &c->b.mark));
}

/* In the outbox each would be written, read and deleted. */
static void what_the_producer_has_no_room_for_waits(void **state)
{
	struct life_case *c = *state;

	c->producer.takes = true;
	c->producer.room = 2;
	write_events(c, 3);
	life_ok(c, life_read(c, 10));
	assert_false(c->more || c->blocked); /* Kafka's answer wakes the loop */
	assert_int_equal(life_newest(c), 2);
	c->producer.soon = true;
	life_ok(c, life_read(c, 10));
	assert_true(c->more);
	assert_int_equal(life_newest(c), 2);
	c->producer.room = 4;
	life_ok(c, life_read(c, 10));
	assert_false(c->more);
	assert_int_equal(life_newest(c), 3);
	assert_int_equal(store_outbox_count(c->b.store), 0);
}

static void more_open_requests_than_allowed_wait(void **state)
{
	struct life_case *c = *state;

	c->config.store.max_requests = 2;
	write_events(c, 3);
	life_ok(c, life_read(c, 10));
	assert_true(c->blocked);
	assert_false(c->more);
	assert_int_equal(life_newest(c), 2);
	life_ok(c, life_read(c, 10));
	assert_true(c->blocked);
	life_reject(c, 1);
	life_ok(c, life_read(c, 10));
	assert_false(c->blocked);
	assert_int_equal(life_newest(c), 3);
	assert_string_equal(life_row(c, 3).id, "own-3");
}

/* A start: what the journal has may have been told. */
static void start(struct life_case *c, int64_t max)
{
	c->config.store.max_requests = max;
	life_ok(c, told_bound_look(&c->b, &c->error));
	c->b.told.segment = journal_first_segment(c->b.journal) + 1;
}

/* All of that has been read, or the rest is blocked. */
static void end_replay(struct life_case *c)
{
	c->b.told = c->b.mark;
	life_ok(c, told_bound_apply(&c->b, &c->error));
	life_commit(c);
	told_bound_settle(&c->b);
}

/* Customers may have been asked about as many as were allowed then. */
static void a_lower_bound_is_not_for_what_was_told_before_it(void **state)
{
	struct life_case *c = *state;

	start(c, 3);
	end_replay(c);
	write_events(c, 4);
	start(c, 1);
	life_ok(c, life_read(c, 10));
	assert_true(c->blocked);
	assert_int_equal(life_newest(c), 3);
	/* If the process dies here, the next one knows of it as well. */
	life_ok(c, told_bound_apply(&c->b, &c->error));
	start(c, 2);
	assert_int_equal(told_bound(&c->b), 3);
	end_replay(c);
	start(c, 1);
	assert_int_equal(told_bound(&c->b), 2);
	end_replay(c);
	life_reject(c, 1);
	life_reject(c, 2);
	life_ok(c, life_read(c, 10));
	assert_true(c->blocked);
	life_reject(c, 3);
	life_ok(c, life_read(c, 10));
	assert_false(c->blocked);
	assert_int_equal(life_newest(c), 4);
}

/* Entries that create no request are limited only by what waits for Kafka, and
 * neither dead letters nor audit records are counted. */
static void entries_wait_when_kafka_is_away_for_long(void **state)
{
	struct life_case *c = *state;
	struct store_record record = {.topic = STORE_RESULTS};
	struct journal_entry dead = dead_entry(c), audit = audit_entry("");
	int i;

	c->config.store.max_requests = 0;
	life_take(c, &dead);
	life_take(c, &audit);
	assert_false(c->blocked);
	for (i = 0; i < RECORDS_NO_EFFECT_MAX + 1000; i++)
		life_ok(c, store_outbox_add(c->b.store, &record, &c->error));
	life_take(c, &dead);
	assert_true(c->blocked);
	life_ok(c, store_outbox_remove(c->b.store, record.seq, &c->error));
	life_ok(c, life_read(c, 10));
	assert_false(c->blocked);
}

static void an_entry_that_cannot_be_read_ends_it(void **state)
{
	struct life_case *c = *state;
	struct journal_entry e = life_entry(c, PUMP, 1);

	life_ok(c, journal_append(c->b.journal, "what?", 5, &c->error));
	life_write(c, &e);
	assert_int_equal(life_read(c, 10), ZTP_ERR_VALUE);
	assert_int_equal(life_newest(c), 0);
}

/* Events are checked before they are written, so this is damage too. */
static void a_path_that_is_none_ends_it(void **state)
{
	static const struct {
		bool channels, late;
	} lines[] = {{false, false}, {true, false}, {true, true}};
	struct life_case *c = *state;
	size_t i;

	for (i = 0; i < 3; i++) {
		struct journal_entry e = life_entry(c, "nowhere", 1);

		c->b.channels = lines[i].channels;
		e.expires_at = lines[i].late ? LIFE_NOW - 1 : 0;
		life_write(c, &e);
		assert_int_equal(life_read(c, 1), ZTP_ERR_PATH);
		store_rollback(c->b.store);
	}
	assert_int_equal(life_newest(c), 0);
}

static void a_mark_ahead_of_the_journal_is_an_error(void **state)
{
	struct life_case *c = *state;

	c->b.mark.segment = 1000;
	assert_int_equal(life_read(c, 10), ZTP_ERR_IO);
}

/* --- entries that create no request */

static void a_refused_event_is_a_dead_letter(void **state)
{
	struct life_case *c = *state;
	struct journal_entry e = dead_entry(c);

	life_take(c, &e);
	assert_true(life_record(c, STORE_DLQ));
	assert_string_equal(c->record.key, PUMP);
	assert_string_equal(c->record.value, e.text);
	assert_string_equal(
		played_header(&c->record,
			      "__connect.errors.exception.class.name"),
		"bad_certificate");
	assert_string_equal(played_header(&c->record, "ztp.size"), "5000");
	assert_memory_equal(played_header(&c->record, "ztp.sha256"), "abab", 4);
	assert_int_equal(c->b.core.tally.pending[TALLY_PENDING_INVALID], 1);
	assert_int_equal(c->b.core.tally.dlq[TALLY_DLQ_PENDING], 1);
	assert_int_equal(life_newest(c), 0);
}

static void a_dead_letter_may_be_nobodys(void **state)
{
	struct life_case *c = *state;
	struct journal_entry e = dead_entry(c);

	e.path = "";
	life_take(c, &e);
	assert_true(life_record(c, STORE_DLQ));
	assert_null(c->record.key);
}

static void an_audit_record_passes_as_it_is(void **state)
{
	struct life_case *c = *state;
	struct journal_entry e = audit_entry(PUMP), nobodys = audit_entry("");

	life_take(c, &e);
	life_take(c, &nobodys);
	assert_true(life_record(c, STORE_AUDIT));
	assert_string_equal(c->record.key, PUMP);
	assert_string_equal(c->record.value, "{\"at\":\"now\"}");
	assert_int_equal(c->record.header_count, 0);
	assert_true(life_record(c, STORE_AUDIT));
	assert_null(c->record.key);
	life_no_record(c, STORE_AUDIT);
}

/* --- which time counts */

/* The machine slept for an hour before the entry was read, and the customer
 * may have answered meanwhile. An event announced before is judged by its
 * arrival. */
static void what_was_told_before_is_not_late(void **state)
{
	static const struct {
		bool told;
		enum ztp_state want;
	} lines[] = {{true, ZTP_STATE_RECEIVED}, {false, ZTP_STATE_EXPIRED}};
	struct life_case *c = *state;
	size_t i;

	for (i = 0; i < 2; i++) {
		struct journal_entry e = life_entry(c, i ? VALVE : PUMP, 1);

		life_write(c, &e);
		c->b.told.segment = lines[i].told ? 1000 : 0;
		life_pass(c, 60 * LIFE_MIN);
		life_ok(c, life_read(c, 1));
		life_is(c, (int64_t)i + 1, lines[i].want);
	}
	assert_int_equal(life_row(c, 1).announced_at, LIFE_NOW);
}

/* An entry "from the future": the clock has been set back since. */
static void what_was_told_before_is_judged_by_now_at_the_latest(void **state)
{
	struct life_case *c = *state;
	struct journal_entry e = life_entry(c, PUMP, 1);

	c->b.told.segment = 1000;
	e.arrived_wall = e.arrived_steady = LIFE_NOW + LIFE_MIN;
	life_take(c, &e);
	assert_int_equal(life_row(c, 1).announced_at, LIFE_NOW);
}

/* A deadline is the time that was left by the wall clock when the event
 * arrived, measured on a clock that nobody sets. After a restart that clock is
 * gone. */
static void a_deadline_outlives_the_setting_of_the_clock(void **state)
{
	static const struct {
		const char *what;
		int64_t skew; /* steady minus wall clock at its arrival */
		int64_t want_in;
	} lines[] = {
		{"not set", 0, LIFE_MIN},
		{"back, hardly", 999, LIFE_MIN},
		{"forward, hardly", -999, LIFE_MIN},
		{"back", 1000, LIFE_MIN + 1000},
		{"forward", -1000, LIFE_MIN - 1000},
	};
	struct life_case *c = *state;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct journal_entry e;
		char path[64];

		snprintf(path, sizeof(path),
			 "subscriptions/s/registries/r/devices/d%zu", i);
		e = life_entry(c, path, 1);
		e.arrived_steady += lines[i].skew;
		e.expires_at = LIFE_NOW + LIFE_MIN;
		life_take(c, &e);
		if (life_row(c, life_newest(c)).owed.due_at !=
		    LIFE_NOW + lines[i].want_in)
			fail_msg("%s", lines[i].what);
		assert_int_equal(life_row(c, life_newest(c)).expires_at,
				 LIFE_NOW + LIFE_MIN);
	}
}

static void an_earlier_process_had_another_steady_clock(void **state)
{
	struct life_case *c = *state;
	struct journal_entry e = life_entry(c, PUMP, 1);

	e.arrived_steady += 60 * LIFE_MIN;
	e.expires_at = LIFE_NOW + LIFE_MIN;
	life_write(c, &e);
	life_commit(c);
	journal_close(c->b.journal);
	life_ok(c, journal_open(&c->b.journal, c->scratch.base, false,
				&c->b.mark, &c->b.mark, &c->error));
	life_ok(c, life_read(c, 10));
	life_owes(c, 1, ZTP_OWED_NONE, LIFE_NEVER, LIFE_MIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(a_batch_is_bounded),
		LIFE_TEST(what_the_producer_has_no_room_for_waits),
		LIFE_TEST(more_open_requests_than_allowed_wait),
		LIFE_TEST(a_lower_bound_is_not_for_what_was_told_before_it),
		LIFE_TEST(entries_wait_when_kafka_is_away_for_long),
		LIFE_TEST(an_entry_that_cannot_be_read_ends_it),
		LIFE_TEST(a_path_that_is_none_ends_it),
		LIFE_TEST(a_mark_ahead_of_the_journal_is_an_error),
		LIFE_TEST(a_refused_event_is_a_dead_letter),
		LIFE_TEST(a_dead_letter_may_be_nobodys),
		LIFE_TEST(an_audit_record_passes_as_it_is),
		LIFE_TEST(what_was_told_before_is_not_late),
		LIFE_TEST(what_was_told_before_is_judged_by_now_at_the_latest),
		LIFE_TEST(a_deadline_outlives_the_setting_of_the_clock),
		LIFE_TEST(an_earlier_process_had_another_steady_clock),
	};

	return cmocka_run_group_tests_name("bridge_life_journal", tests, NULL,
					   NULL);
}
