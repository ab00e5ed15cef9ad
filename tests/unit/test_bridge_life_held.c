/* Decisions for requests that are not there yet, after a takeover: they are kept,
 * applied when their request appears, and else for an unknown one. */
#include "life_case.h"

#include "bridge/life/held.h"
#include "bridge/life/held_again.h"
#include "bridge/store/store_state.h"

#define ID     "candidate-7"
#define ANSWER "{\"request_id\":\"" ID "\",\"device_path\":\"" PUMP "\","
#define WINDOW 60000

/* A bridge of several, which became active just now. */
static struct life_case *began(void **state)
{
	struct life_case *c = *state;

	life_commit(c);
	life_ok(c, store_replicate(c->b.store, "ztp.decisions", &c->error));
	c->b.hold_until = c->b.core.now + WINDOW;
	return c;
}

static void take(struct life_case *c, const char *json)
{
	struct ztp_header headers[] = {
		{"traceparent", ztp_str_of(LIFE_TRACE)},
		{"content-type", ztp_str_of("application/json")}};
	struct consumer_record record = life_next(c, json);

	record.key = ztp_str_of(PUMP);
	record.headers = headers;
	record.header_count = 2;
	life_ok(c, life_decide(c, &record));
	life_commit(c);
}

static int64_t held(struct life_case *c)
{
	struct store_held all;

	life_ok(c, store_state_held(c->b.store, &all, &c->error));
	assert_true((all.count == 0) == (all.bytes == 0));
	return all.count;
}

static void expire(struct life_case *c)
{
	bool more;

	life_ok(c, held_expire(&c->b, 100, &more, &c->error));
	life_commit(c);
	assert_false(more);
}

static void applied_when_its_request_is_there(void **state)
{
	struct life_case *c = began(state);
	struct store_decision d;

	take(c, ANSWER "\"decision\":\"approve\",\"payload\":{\"a\":1}}");
	life_no_record(c, STORE_RESULTS);
	assert_int_equal(held(c), 1);
	assert_true(held_next(&c->b) == c->b.hold_until);
	life_knock_as(c, PUMP, 1, ID);
	assert_true(life_record(c, STORE_REQUESTS));
	life_is(c, life_newest(c), ZTP_STATE_REGISTERED);
	assert_int_equal(life_decision(c, life_newest(c), true, &d), 1);
	assert_int_equal(d.offset, 0);
	assert_string_equal(d.topic, "ztp.decisions");
	assert_int_equal(d.payload.len, strlen("{\"a\":1}"));
	store_decision_clear(&d);
	assert_int_equal(held(c), 0);
	assert_int_equal(held_next(&c->b), 0);
}

/* In the order in which they came, of which the first one counts. */
static void several_for_one_request(void **state)
{
	struct life_case *c = began(state);
	int i;

	take(c, ANSWER "\"decision\":\"reject\"}");
	for (i = 1; i < 12; i++)
		take(c, ANSWER "\"decision\":\"approve\"}");
	assert_int_equal(held(c), 12);
	life_knock_as(c, PUMP, 1, ID);
	life_is(c, life_newest(c), ZTP_STATE_REJECTED);
	assert_int_equal(held(c), 0);
	for (i = 0; i < 12; i++) {
		char offset[12];

		assert_true(life_record(c, STORE_RESULTS));
		snprintf(offset, sizeof(offset), "%d", i);
		assert_string_equal(life_member(c, "decision.offset"), offset);
		assert_string_equal(life_member(c, "outcome"),
				    i ? "already_decided" : "rejected");
	}
}

/* The event of that turn comes again after its time. */
static void knock_late(struct life_case *c)
{
	struct journal_entry e = life_entry(c, PUMP, 1);

	e.request_id = ID;
	e.expires_at = c->b.core.now - 1;
	life_take(c, &e);
}

static void in_time_though_its_request_is_late(void **state)
{
	struct life_case *c = began(state);

	take(c, ANSWER "\"decision\":\"approve\"}");
	life_pass(c, 10000);
	knock_late(c);
	life_is(c, life_newest(c), ZTP_STATE_REGISTERED);
	assert_int_equal(held(c), 0);
}

/* Its customer's decision may be there, and has not been read yet. */
static void not_too_late_while_decisions_are_held(void **state)
{
	struct life_case *c = began(state);

	life_pass(c, WINDOW - 1);
	knock_late(c);
	life_is(c, life_newest(c), ZTP_STATE_RECEIVED);
	take(c, ANSWER "\"decision\":\"approve\"}");
	life_is(c, life_newest(c), ZTP_STATE_REGISTERED);
}

static void too_late_when_none_is_held(void **state)
{
	struct life_case *c = began(state);

	life_pass(c, WINDOW);
	knock_late(c);
	life_is(c, life_newest(c), ZTP_STATE_EXPIRED);
}

static void another_request_is_not_meant(void **state)
{
	struct life_case *c = began(state);

	take(c, ANSWER "\"decision\":\"approve\"}");
	life_knock_as(c, PUMP, 1, "candidate-70");
	life_knock_as(c, VALVE, 2, "candidate");
	life_is(c, life_newest(c), ZTP_STATE_RECEIVED);
	assert_int_equal(held(c), 1);
}

static void unknown_when_its_time_has_passed(void **state)
{
	struct life_case *c = began(state);

	take(c, ANSWER "\"decision\":\"approve\"}");
	life_pass(c, WINDOW - 1);
	expire(c);
	assert_int_equal(held(c), 1);
	life_pass(c, 1);
	expire(c);
	assert_int_equal(held(c), 0);
	life_result(c, ID, "unknown_request");
	assert_string_equal(c->record.key, PUMP);
	assert_string_equal(played_header(&c->record, "traceparent"),
			    LIFE_TRACE);
}

/* One stands behind more than a dead letter has room for. */
static void with_all_its_headers(void **state)
{
	static const char name[] = "x";
	struct life_case *c = began(state);
	struct ztp_header headers[2 * ZTP_HEADERS_MAX];
	struct consumer_record record =
		life_next(c, ANSWER "\"decision\":\"approve\"}");
	const size_t last = 2 * ZTP_HEADERS_MAX - 1;

	for (size_t i = 0; i < last; i++)
		headers[i] =
			(struct ztp_header){name, ztp_str_of(i % 2 ? "" : "y")};
	headers[last] =
		(struct ztp_header){"traceparent", ztp_str_of(LIFE_TRACE)};
	record.key = ztp_str_of(PUMP);
	record.headers = headers;
	record.header_count = last + 1;
	life_ok(c, life_decide(c, &record));
	life_commit(c);
	assert_int_equal(held(c), 1);
	life_pass(c, WINDOW);
	expire(c);
	life_result(c, ID, "unknown_request");
	assert_string_equal(played_header(&c->record, "traceparent"),
			    LIFE_TRACE);
}

/* After the window, and for a single bridge, nothing is held. */
static void unknown_at_once(void **state)
{
	struct life_case *c = began(state);

	life_pass(c, WINDOW);
	take(c, ANSWER "\"decision\":\"approve\"}");
	life_result(c, ID, "unknown_request");
	assert_int_equal(held(c), 0);
}

static void no_more_than_their_bytes(void **state)
{
	struct life_case *c = began(state);
	size_t size = 200 * 1024, i;
	char *json = malloc(size + 1);
	int n = snprintf(json, size, ANSWER "\"decision\":\"reject\",\"x\":\"");

	assert_non_null(json);
	for (i = (size_t)n; i < size - 2; i++)
		json[i] = 'x';
	memcpy(json + size - 2, "\"}", 3);
	for (i = 0; i < HELD_BYTES_MAX / size + 1; i++)
		take(c, json);
	assert_int_equal(held(c), HELD_BYTES_MAX / size);
	life_result(c, ID, "unknown_request");
	free(json);
}

/* It was an error, which ended each bridge that became active. */
static void unknown_at_once_with_a_long_key(void **state)
{
	struct life_case *c = began(state);
	struct consumer_record record =
		life_next(c, ANSWER "\"decision\":\"approve\"}");
	size_t size = STATE_HELD_FIELD_MAX + 1;
	char *key = malloc(size);

	assert_non_null(key);
	memset(key, 'k', size);
	record.key = (struct ztp_str){key, size};
	life_ok(c, life_decide(c, &record));
	life_commit(c);
	assert_int_equal(held(c), 0);
	life_result(c, ID, "unknown_request");
	free(key);
}

/* What is rolled back is neither held nor missing. */
static void undone_with_its_turn(void **state)
{
	struct life_case *c = began(state);
	struct consumer_record record =
		life_next(c, ANSWER "\"decision\":\"approve\"}");

	assert_int_equal(held(c), 0);
	life_ok(c, life_decide(c, &record));
	assert_int_equal(held(c), 1);
	store_rollback(c->b.store);
	assert_int_equal(held(c), 0);
	life_ok(c, life_decide(c, &record));
	life_commit(c);
	assert_int_equal(held(c), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(applied_when_its_request_is_there),
		LIFE_TEST(several_for_one_request),
		LIFE_TEST(in_time_though_its_request_is_late),
		LIFE_TEST(not_too_late_while_decisions_are_held),
		LIFE_TEST(too_late_when_none_is_held),
		LIFE_TEST(another_request_is_not_meant),
		LIFE_TEST(unknown_when_its_time_has_passed),
		LIFE_TEST(with_all_its_headers),
		LIFE_TEST(unknown_at_once),
		LIFE_TEST(no_more_than_their_bytes),
		LIFE_TEST(unknown_at_once_with_a_long_key),
		LIFE_TEST(undone_with_its_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
