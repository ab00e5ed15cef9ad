/* After a crash the requests that only the journal had are announced again. */
#include "life_case.h"

#include "bridge/life/pending.h"

static void write_event(struct life_case *c, const char *path, int cert)
{
	struct journal_entry e = life_entry(c, path, cert);

	life_write(c, &e);
}

/* Reads everything, as if Kafka took the records but had not acknowledged any
 * when the process died. */
static void crash(struct life_case *c)
{
	struct journal_mark floor = c->b.mark;

	c->producer.takes = true;
	life_ok(c, life_read(c, 10));
	life_ok(c, store_mark_set(c->b.store, &c->b.mark, &floor, &c->error));
	life_commit(c);
	life_pass(c, LIFE_MIN);
}

static void what_kafka_may_lack_is_told_again(void **state)
{
	struct life_case *c = *state;
	struct journal_mark floor;

	write_event(c, PUMP, 1);
	write_event(c, VALVE, 2);
	crash(c);
	life_ok(c, pending_recover(&c->b, &c->error));
	assert_true(life_record(c, STORE_REQUESTS));
	assert_string_equal(life_member(c, "request_id"), "own-1");
	assert_int_equal(c->record.request, 1);
	assert_int_equal(life_row(c, 1).announced_at, c->b.core.now);
	assert_true(life_record(c, STORE_REQUESTS));
	assert_string_equal(life_member(c, "request_id"), "own-2");
	life_no_record(c, STORE_REQUESTS);
	/* They are in the outbox, so the journal need not keep them any
	 * more. */
	life_commit(c);
	store_floor_get(c->b.store, &floor);
	assert_false(journal_before(&floor, &c->b.mark));
}

static void what_kafka_has_is_not_told_again(void **state)
{
	struct life_case *c = *state;

	write_event(c, PUMP, 1);
	crash(c);
	life_ok(c, pending_announced(&c->b, 1, &c->error));
	life_ok(c, pending_recover(&c->b, &c->error));
	life_no_record(c, STORE_REQUESTS);
}

static void a_device_that_came_twice_is_told_of_once(void **state)
{
	struct life_case *c = *state;

	write_event(c, PUMP, 1);
	write_event(c, PUMP, 1);
	crash(c);
	life_ok(c, pending_recover(&c->b, &c->error));
	assert_true(life_record(c, STORE_REQUESTS));
	life_no_record(c, STORE_REQUESTS);
}

static void dead_letters_are_not_told_again(void **state)
{
	struct life_case *c = *state;
	struct journal_entry dead = {.kind = ENTRY_DEAD,
				     .path = PUMP,
				     .topic = "ztp/v1/pending",
				     .text = ""};

	/* Only its kind distinguishes the dead letter from an event of this: */
	life_put(c, PUMP, 0, ZTP_STATE_RECEIVED, ZTP_OWED_NONE);
	life_write(c, &dead);
	crash(c);
	assert_true(life_record(c, STORE_DLQ));
	life_ok(c, pending_recover(&c->b, &c->error));
	life_no_record(c, STORE_DLQ);
	life_no_record(c, STORE_REQUESTS);
}

/* Nothing tells whether Kafka has them. Those before the floor are there. */
static void audit_records_are_told_again(void **state)
{
	struct life_case *c = *state;
	struct journal_entry first = {.kind = ENTRY_AUDIT,
				      .path = PUMP,
				      .text = "{\"n\":1}",
				      .text_len = 7};
	struct journal_entry second = first;

	c->producer.takes = true;
	second.text = "{\"n\":2}";
	life_take(c, &first);
	assert_false(store_commit_required(c->b.store));
	life_write(c, &second);
	crash(c);
	life_no_record(c, STORE_AUDIT);
	life_ok(c, pending_recover(&c->b, &c->error));
	assert_true(life_record(c, STORE_AUDIT));
	assert_string_equal(c->record.value, second.text);
	assert_string_equal(c->record.key, PUMP);
	life_no_record(c, STORE_AUDIT);
}

static void a_damaged_journal_is_not_passed_over(void **state)
{
	struct life_case *c = *state;

	life_ok(c, journal_append(c->b.journal, "what?", 5, &c->error));
	c->b.mark = (struct journal_mark){1000, 0};
	assert_int_equal(pending_recover(&c->b, &c->error), ZTP_ERR_VALUE);
}

/* A file that cannot be read any more; what it had has been released. */
static void a_journal_that_ends_early_has_no_more_to_tell(void **state)
{
	struct life_case *c = *state;

	c->b.mark = (struct journal_mark){1000, 0};
	life_ok(c, pending_recover(&c->b, &c->error));
	life_no_record(c, STORE_REQUESTS);
}

static void an_acknowledged_question_was_asked(void **state)
{
	struct life_case *c = *state;

	life_knock(c, PUMP, 1);
	life_ok(c, pending_announced(&c->b, 1, &c->error));
	life_is(c, 1, ZTP_STATE_REQUESTED);
	assert_int_equal(c->b.core.tally.requests_published, 1);
	/* The customer decided before Kafka's acknowledgement. */
	life_approve(c, 1);
	life_ok(c, pending_announced(&c->b, 1, &c->error));
	life_is(c, 1, ZTP_STATE_REGISTERED);
	assert_int_equal(c->b.core.tally.requests_published, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(what_kafka_may_lack_is_told_again),
		LIFE_TEST(what_kafka_has_is_not_told_again),
		LIFE_TEST(a_device_that_came_twice_is_told_of_once),
		LIFE_TEST(dead_letters_are_not_told_again),
		LIFE_TEST(audit_records_are_told_again),
		LIFE_TEST(a_damaged_journal_is_not_passed_over),
		LIFE_TEST(a_journal_that_ends_early_has_no_more_to_tell),
		LIFE_TEST(an_acknowledged_question_was_asked),
	};

	return cmocka_run_group_tests_name("bridge_life_recover", tests, NULL,
					   NULL);
}
