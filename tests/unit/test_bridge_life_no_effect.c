/* Decisions without an effect: each gets a result that says why, or a dead
 * letter if it cannot be read. The request stays as it was. */
#include "life_case.h"

#define NAMES(id, path)                                                        \
	"{\"request_id\":\"" id "\",\"device_path\":\"" path "\","
#define TRACE_2 "00-11111111111111111111111111111111-2222222222222222-01"

static void take(struct life_case *c, const char *json)
{
	struct consumer_record record = life_next(c, json);

	life_ok(c, life_decide(c, &record));
}

/* --- for an existing request */

static void a_decision_that_comes_too_late_says_so(void **state)
{
	static const struct {
		enum ztp_state at;
		const char *path, *verdict, *outcome, *message;
	} lines[] = {
		{ZTP_STATE_REQUESTED, VALVE, "approve", "mismatch",
		 "device path or fingerprint is not the request's"},
		{ZTP_STATE_ONBOARDED, PUMP, "reject", "already_decided",
		 "another decision was taken before"},
		{ZTP_STATE_APPROVED, PUMP, "reject", "already_decided",
		 "another decision was taken before"},
		{ZTP_STATE_CONFLICT, PUMP, "approve", "conflict",
		 "the request has ended in conflict"},
		{ZTP_STATE_EXPIRED, PUMP, "approve", "expired",
		 "the request has expired"},
		{ZTP_STATE_WITHDRAWN, PUMP, "approve", "withdrawn",
		 "the request has been withdrawn"},
	};
	struct life_case *c = *state;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		int64_t n =
			life_put(c, PUMP, (int)i, lines[i].at, ZTP_OWED_NONE);
		struct store_request before = life_row(c, n), after;
		char text[512];

		snprintf(text, sizeof(text),
			 NAMES("%s", "%s") "\"decision\":\"%s\"}",
			 life_id(c, n), lines[i].path, lines[i].verdict);
		take(c, text);
		life_result(c, life_id(c, n), lines[i].outcome);
		assert_string_equal(life_member(c, "message"),
				    lines[i].message);
		assert_string_equal(life_member(c, "device_path"), PUMP);
		assert_string_equal(c->record.key, PUMP);
		assert_string_equal(played_header(&c->record, "traceparent"),
				    LIFE_TRACE);
		assert_true(life_logged(c, "decision_without_effect"));
		after = life_row(c, n);
		assert_int_equal(after.state, before.state);
		assert_int_equal(after.owed.what, before.owed.what);
		assert_int_equal(after.owed.due_at, before.owed.due_at);
	}
	assert_int_equal(c->b.core.tally.results[ZTP_OUTCOME_ALREADY_DECIDED],
			 2);
	assert_int_equal(c->b.core.tally.decisions[ZTP_APPROVE], 0);
	assert_int_equal(c->b.core.tally.decisions[ZTP_REJECT], 0);
}

static void put(struct life_case *c, int64_t n, const struct store_decision *d)
{
	struct store_request r = life_row(c, n);

	life_ok(c, store_decision_put(c->b.store, &r, d, &c->error));
	life_save(c, &r);
}

/* The digest of the decision is stored with it. */
static void the_same_decision_again_is_a_duplicate(void **state)
{
	static const char approve[] =
		NAMES("r-1", PUMP) "\"decision\":\"approve\",\"payload\":1}";
	static const char other[] =
		NAMES("r-1", PUMP) "\"decision\":\"approve\",\"payload\":2}";
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	take(c, approve);
	take(c, approve);
	life_result(c, "r-1", "duplicate");
	assert_string_equal(life_member(c, "message"),
			    "the same decision was taken before");
	assert_string_equal(life_member(c, "decision.offset"), "1");
	take(c, other);
	life_result(c, "r-1", "already_decided");
	life_is(c, 1, ZTP_STATE_REGISTERED);
}

/* Its customer's library may write it differently the second time. */
static void the_same_decision_in_other_words_is_a_duplicate(void **state)
{
	static const char approve[] =
		NAMES("r-1", PUMP) "\"decision\":\"approve\","
				   "\"payload\":{\"a\":\"/\",\"b\":1}}";
	static const char same[] = "{ \"payload\": {\"b\": 1, \"a\": \"\\/\"},"
				   "\"decision\": \"approve\","
				   "\"request_id\": \"r-1\","
				   "\"device_path\": \"" PUMP "\"}";
	static const char other[] =
		NAMES("r-1", PUMP) "\"decision\":\"approve\","
				   "\"payload\":{\"a\":\"/\",\"b\":1.0}}";
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	take(c, approve);
	take(c, same);
	life_result(c, "r-1", "duplicate");
	take(c, other);
	life_result(c, "r-1", "already_decided");
}

/* An older version stored the hash of the payload as it was written. As long as
 * the payload is there, it can be compared all the same. */
static void a_decision_stored_by_an_older_version(void **state)
{
	static const char written[] = "{\"b\": 1, \"a\": \"/\"}";
	static const char same[] =
		NAMES("r-1", PUMP) "\"decision\":\"approve\","
				   "\"payload\":{\"a\":\"/\",\"b\":1}}";
	static const char other[] =
		NAMES("r-1", PUMP) "\"decision\":\"approve\",\"payload\":{}}";
	struct life_case *c = *state;
	int64_t n = life_put(c, PUMP, 1, ZTP_STATE_REGISTERED, ZTP_OWED_NONE);
	struct ztp_decision before = {.verdict = ZTP_APPROVE};
	struct store_decision d;

	before.payload.kind = ZTP_PAYLOAD_JSON;
	before.payload.data = (uint8_t *)(uintptr_t)written;
	before.payload.len = sizeof(written) - 1;
	assert_int_equal(life_decision(c, n, false, &d), 1);
	ztp_decision_digest_written(d.digest, &before);
	d.payload = before.payload;
	put(c, n, &d);
	take(c, same);
	life_result(c, "r-1", "duplicate");
	take(c, other);
	life_result(c, "r-1", "already_decided");
	d.payload = (struct ztp_payload){.kind = ZTP_PAYLOAD_NONE}; /* erased */
	put(c, n, &d);
	take(c, same);
	life_result(c, "r-1", "already_decided");
}

/* Kafka delivers a record again after a crash before the offset was
 * committed. */
static void the_very_record_again_is_nothing(void **state)
{
	struct life_case *c = *state;
	struct consumer_record record =
		life_next(c, NAMES("r-1", PUMP) "\"decision\":\"approve\"}");

	life_put(c, PUMP, 1, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	life_ok(c, life_decide(c, &record));
	life_commit(c);
	life_ok(c, life_decide(c, &record));
	life_no_record(c, STORE_RESULTS);
	assert_false(store_dirty(c->b.store));
	assert_int_equal(c->b.core.tally.decisions[ZTP_APPROVE], 1);
}

/* --- for a request that does not exist */

/* The result's key is the path that the decision names, or the decision's
 * key. */
static void a_decision_about_nobody_is_answered(void **state)
{
	static const struct {
		const char *path, *key, *want_path, *want_key, *want_subject;
	} lines[] = {
		{PUMP, NULL, PUMP, PUMP, PUMP},
		{PUMP, "a key", PUMP, "a key", PUMP},
		{NULL, "a key", "", "a key", "r-9"},
		{NULL, VALVE, VALVE, VALVE, VALVE},
		{NULL, NULL, "", NULL, "r-9"},
	};
	struct life_case *c = *state;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct consumer_record record = life_next(
			c,
			lines[i].path
				? NAMES("r-9", PUMP) "\"decision\":\"approve\"}"
				: "{\"request_id\":\"r-9\","
				  "\"isApprove\":true}");

		if (lines[i].key)
			record.key = (struct ztp_str){lines[i].key,
						      strlen(lines[i].key)};
		life_ok(c, life_decide(c, &record));
		life_result(c, "r-9", "unknown_request");
		assert_string_equal(life_member(c, "message"),
				    "no such request");
		assert_string_equal(life_member(c, "device_path"),
				    lines[i].want_path);
		assert_string_equal(played_header(&c->record, "ce_subject"),
				    lines[i].want_subject);
		if (!lines[i].want_key)
			assert_null(c->record.key);
		else
			assert_string_equal(c->record.key, lines[i].want_key);
	}
}

static void a_key_that_is_too_long_is_named_by_its_hash(void **state)
{
	struct life_case *c = *state;
	struct consumer_record record =
		life_next(c, NAMES("r-9", PUMP) "\"decision\":\"approve\"}");
	char key[5000];

	memset(key, 'k', sizeof(key));
	record.key = (struct ztp_str){key, sizeof(key)};
	life_ok(c, life_decide(c, &record));
	life_result(c, "r-9", "unknown_request");
	assert_string_equal(c->record.key, PUMP);
	assert_string_equal(played_header(&c->record, "ztp.key.size"), "5000");
}

/* The customer's trace, otherwise a new one. */
static void an_answer_goes_on_with_the_decisions_trace(void **state)
{
	static const char approve[] =
		NAMES("r-9", PUMP) "\"decision\":\"approve\"}";
	const struct ztp_header header = {"traceparent",
					  {TRACE_2, sizeof(TRACE_2) - 1}};
	struct life_case *c = *state;
	struct consumer_record record = life_next(c, approve);
	const char *trace;

	record.headers = &header;
	record.header_count = 1;
	life_ok(c, life_decide(c, &record));
	life_result(c, "r-9", "unknown_request");
	assert_string_equal(played_header(&c->record, "traceparent"), TRACE_2);
	take(c, approve);
	life_result(c, "r-9", "unknown_request");
	trace = played_header(&c->record, "traceparent");
	assert_true(ztp_traceparent_valid(trace, strlen(trace)));
	assert_string_not_equal(trace, TRACE_2);
}

/* --- what cannot be read */

static void a_decision_that_cannot_be_read_is_a_dead_letter(void **state)
{
	struct life_case *c = *state;
	struct consumer_record record = life_next(c, "{\"decision\":");
	const struct ztp_header headers[] = {{"theirs", {"yes", 3}}};

	record.position.offset = 17;
	record.key = (struct ztp_str){"a key", 5};
	record.headers = headers;
	record.header_count = 1;
	life_ok(c, life_decide(c, &record));
	assert_true(life_record(c, STORE_DLQ));
	assert_string_equal(c->record.key, "a key");
	assert_string_equal(c->record.value, "{\"decision\":");
	assert_string_equal(played_header(&c->record, "__connect.errors.topic"),
			    "ztp.decisions");
	assert_string_equal(
		played_header(&c->record, "__connect.errors.partition"), "0");
	assert_string_equal(
		played_header(&c->record, "__connect.errors.offset"), "17");
	assert_string_equal(played_header(&c->record, "__connect.errors.stage"),
			    "decision");
	assert_string_equal(
		played_header(&c->record,
			      "__connect.errors.exception.class.name"),
		"bad_json");
	assert_string_equal(played_header(&c->record, "theirs"), "yes");
	assert_string_equal(played_header(&c->record, "ztp.sha256"), "");
	assert_int_equal(c->b.core.tally.dlq[TALLY_DLQ_DECISION], 1);
	assert_true(life_logged(c, "decision_unreadable"));
	life_no_record(c, STORE_RESULTS);
}

static void a_tombstone_is_a_dead_letter(void **state)
{
	struct life_case *c = *state;
	struct consumer_record record = life_next(c, "");

	record.value = (struct ztp_str){NULL, 0};
	life_ok(c, life_decide(c, &record));
	assert_true(life_record(c, STORE_DLQ));
	assert_null(c->record.value);
	assert_null(c->record.key);
	assert_string_equal(
		played_header(&c->record,
			      "__connect.errors.exception.class.name"),
		"empty");
}

/* Its size and its hash identify it. */
static void a_dead_letter_leaves_out_what_is_too_large(void **state)
{
	static char much[ZTP_DEAD_VALUE_MAX + 1];
	struct life_case *c = *state;
	struct consumer_record record = life_next(c, "");

	memset(much, 'x', sizeof(much));
	record.key = (struct ztp_str){much, 5000};
	record.value = (struct ztp_str){much, sizeof(much)};
	life_ok(c, life_decide(c, &record));
	assert_true(life_record(c, STORE_DLQ));
	assert_string_equal(c->record.value, "");
	assert_string_equal(played_header(&c->record, "ztp.size"), "524289");
	assert_int_equal(strlen(played_header(&c->record, "ztp.sha256")), 64);
	assert_null(c->record.key);
	assert_string_equal(played_header(&c->record, "ztp.key.size"), "5000");
	record.value.n--;
	life_ok(c, life_decide(c, &record));
	assert_true(life_record(c, STORE_DLQ));
	assert_int_equal(c->record.value_len, ZTP_DEAD_VALUE_MAX);
}

/* --- two cells read one topic of decisions */

static void another_cells_decision_is_told(void **state)
{
	static char other[] = "other", ours[] = "acme";
	static char *subscriptions[] = {other, NULL};
	struct life_case *c = *state;
	struct config_list *served = &c->config.mqtt.subscriptions;

	*served = (struct config_list){subscriptions, 1};
	take(c, NAMES("one", PUMP) "\"decision\":\"approve\"}");
	life_result(c, "one", "unknown_request");
	assert_true(life_logged(c, "decisions_shared"));
	take(c, NAMES("two", PUMP) "\"decision\":\"approve\"}");
	life_result(c, "two", "unknown_request");
	assert_false(life_logged(c, "decisions_shared"));
	life_pass(c, 10 * LIFE_MIN);
	take(c, NAMES("three", PUMP) "\"decision\":\"approve\"}");
	assert_true(life_logged(c, "decisions_shared"));
	/* A request that nobody made is no sign of another cell. */
	life_pass(c, 10 * LIFE_MIN);
	subscriptions[0] = ours;
	take(c, NAMES("four", PUMP) "\"decision\":\"approve\"}");
	*served = (struct config_list){NULL, 0};
	take(c, NAMES("five", PUMP) "\"decision\":\"approve\"}");
	assert_false(life_logged(c, "decisions_shared"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(a_decision_that_comes_too_late_says_so),
		LIFE_TEST(the_same_decision_again_is_a_duplicate),
		LIFE_TEST(the_same_decision_in_other_words_is_a_duplicate),
		LIFE_TEST(a_decision_stored_by_an_older_version),
		LIFE_TEST(the_very_record_again_is_nothing),
		LIFE_TEST(a_decision_about_nobody_is_answered),
		LIFE_TEST(a_key_that_is_too_long_is_named_by_its_hash),
		LIFE_TEST(an_answer_goes_on_with_the_decisions_trace),
		LIFE_TEST(a_decision_that_cannot_be_read_is_a_dead_letter),
		LIFE_TEST(a_tombstone_is_a_dead_letter),
		LIFE_TEST(a_dead_letter_leaves_out_what_is_too_large),
		LIFE_TEST(another_cells_decision_is_told),
	};

	return cmocka_run_group_tests_name("bridge_life_no_effect", tests, NULL,
					   NULL);
}
