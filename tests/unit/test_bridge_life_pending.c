/* Pending events without a gate: they become a request to the customer, end at
 * once, or change nothing. */
#include "life_case.h"

/* --- the first event of a device */

static void a_first_event_asks_the_customer(void **state)
{
	struct life_case *c = *state;
	struct store_request r;

	life_knock(c, PUMP, 1);
	r = life_row(c, 1);
	assert_string_equal(r.id, "own-1");
	assert_string_equal(r.path, PUMP);
	assert_string_equal(r.channel, "");
	assert_string_equal(r.traceparent, LIFE_TRACE);
	assert_int_equal(r.attempt, 1);
	assert_int_equal(r.received_at, LIFE_NOW);
	assert_int_equal(r.expires_at, LIFE_NOW + 10 * LIFE_MIN);
	assert_int_equal(r.announced_at, LIFE_NOW);
	life_is(c, 1, ZTP_STATE_RECEIVED);
	life_owes(c, 1, ZTP_OWED_NONE, LIFE_NEVER, 10 * LIFE_MIN);

	assert_true(life_record(c, STORE_REQUESTS));
	assert_int_equal(c->record.request, 1);
	assert_string_equal(c->record.key, PUMP);
	assert_string_equal(life_member(c, "request_id"), "own-1");
	assert_string_equal(life_member(c, "device.path"), PUMP);
	assert_string_equal(life_member(c, "certificate.subject"), "CN=1");
	assert_string_equal(life_member(c, "attempt"), "1");
	assert_string_equal(life_member(c, "contenders"), "1");
	assert_string_equal(life_member(c, "decision_topic"), "ztp.decisions");
	assert_string_equal(played_header(&c->record, "ce_id"), "own-1");
	assert_string_equal(played_header(&c->record, "ce_subject"), PUMP);
	assert_string_equal(played_header(&c->record, "ce_source"),
			    "//ztp-bridge/test");
	assert_string_equal(played_header(&c->record, "traceparent"),
			    LIFE_TRACE);
	life_no_record(c, STORE_REQUESTS);
	assert_int_equal(c->b.core.tally.pending[TALLY_PENDING_NEW], 1);
}

/* A record that can be rebuilt from the journal needs no outbox, and no commit
 * before it is sent. */
static void kafka_may_have_the_question_before_the_commit(void **state)
{
	struct life_case *c = *state;
	struct journal_mark at = c->b.mark;

	c->producer.takes = true;
	life_knock(c, PUMP, 1);
	life_no_record(c, STORE_REQUESTS);
	assert_int_equal(c->producer.count, 1);
	assert_int_equal(c->producer.last.request, 1);
	assert_string_equal(c->producer.last.key, PUMP);
	assert_int_equal(c->producer.from.segment, at.segment);
	assert_int_equal(c->producer.from.offset, at.offset);
	assert_true(store_dirty(c->b.store));
	assert_false(store_commit_required(c->b.store));
	life_knock(c, VALVE, 2);
	assert_true(journal_before(&at, &c->producer.from));
}

/* --- the request's id */

static void an_event_names_its_request(void **state)
{
	struct life_case *c = *state;

	life_knock_as(c, PUMP, 1, "event-1");
	assert_string_equal(life_row(c, 1).id, "event-1");
}

static void a_name_that_is_taken_is_not_given_again(void **state)
{
	struct life_case *c = *state;

	life_knock_as(c, PUMP, 1, "event-1");
	life_knock_as(c, VALVE, 2, "event-1");
	assert_string_equal(life_row(c, 2).id, "own-2");
}

/* An entry from before an upgrade has no id for the request, so it would
 * get another one when the journal is read again. Therefore it is committed
 * first. */
static void an_entry_without_names_gets_random_ones(void **state)
{
	struct life_case *c = *state;
	struct journal_entry e = life_entry(c, PUMP, 1);
	struct store_request r;

	c->producer.takes = true;
	e.own_id = e.own_trace = "";
	life_take(c, &e);
	r = life_row(c, 1);
	assert_int_equal(strlen(r.id), 36);
	assert_int_equal(r.id[14], '7'); /* a UUID of version 7 */
	assert_true(
		ztp_traceparent_valid(r.traceparent, strlen(r.traceparent)));
	assert_true(store_commit_required(c->b.store));
}

static void an_event_brings_its_trace(void **state)
{
	static const char trace[] =
		"00-11111111111111111111111111111111-2222222222222222-01";
	struct life_case *c = *state;
	struct journal_entry e = life_entry(c, PUMP, 1);

	e.traceparent = trace;
	life_take(c, &e);
	assert_string_equal(life_row(c, 1).traceparent, trace);
}

/* --- the customer's deadline */

static void the_deadline_is_the_events_within_bounds(void **state)
{
	static const struct {
		const char *what;
		int64_t received_ago, expires_in, want_in;
	} lines[] = {
		{"none given", 0, 0, 10 * LIFE_MIN},
		{"none given, received before", LIFE_MIN, 0, 9 * LIFE_MIN},
		{"given", 0, 7, 7},
		{"given, the longest", 0, ZTP_EXPIRY_MAX_MS, ZTP_EXPIRY_MAX_MS},
		{"given, longer", 0, ZTP_EXPIRY_MAX_MS + 1, ZTP_EXPIRY_MAX_MS},
	};
	struct life_case *c = *state;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		char path[64];
		struct journal_entry e;

		snprintf(path, sizeof(path),
			 "subscriptions/s/registries/r/devices/d%zu", i);
		e = life_entry(c, path, 1);
		e.received_at -= lines[i].received_ago;
		if (lines[i].expires_in)
			e.expires_at = LIFE_NOW + lines[i].expires_in;
		life_take(c, &e);
		if (life_row(c, (int64_t)i + 1).expires_at !=
		    LIFE_NOW + lines[i].want_in)
			fail_msg("%s", lines[i].what);
		life_owes(c, (int64_t)i + 1, ZTP_OWED_NONE, LIFE_NEVER,
			  lines[i].want_in);
	}
}

static void an_event_that_comes_too_late_ends_at_once(void **state)
{
	struct life_case *c = *state;
	struct journal_entry e = life_entry(c, PUMP, 1);

	e.expires_at = LIFE_NOW;
	life_take(c, &e);
	life_is(c, 1, ZTP_STATE_EXPIRED);
	life_result(c, "own-1", "expired");
	assert_string_equal(life_member(c, "message"),
			    "the event came after its expires_at");
	life_no_record(c, STORE_REQUESTS);
	assert_int_equal(c->b.core.tally.pending[TALLY_PENDING_EXPIRED], 1);
}

/* --- more than one certificate */

static void another_certificate_contends_for_the_path(void **state)
{
	struct life_case *c = *state;

	life_knock(c, PUMP, 1);
	life_knock(c, PUMP, 2);
	assert_int_equal(life_row(c, 2).attempt, 2);
	assert_true(life_record(c, STORE_REQUESTS));
	assert_true(life_record(c, STORE_REQUESTS));
	assert_string_equal(life_member(c, "attempt"), "2");
	assert_string_equal(life_member(c, "contenders"), "2");
}

/* A request that ends frees its place among the contenders, but not its
 * number. */
static void attempts_count_on(void **state)
{
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_EXPIRED, ZTP_OWED_NONE);
	life_knock(c, PUMP, 1);
	assert_int_equal(life_row(c, 2).attempt, 2);
	assert_true(life_record(c, STORE_REQUESTS));
	assert_string_equal(life_member(c, "contenders"), "1");
}

static void a_ninth_contender_is_a_dead_letter(void **state)
{
	struct life_case *c = *state;
	int i;

	for (i = 1; i <= ZTP_CONTENDERS_MAX; i++)
		life_put(c, PUMP, i, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	life_knock_as(c, PUMP, 9, "event-9");
	assert_int_equal(life_newest(c), ZTP_CONTENDERS_MAX);
	assert_true(life_record(c, STORE_DLQ));
	assert_string_equal(c->record.key, PUMP);
	assert_string_equal(c->record.value,
			    "{\"request_id\":\"event-9\",\"device_path\":"
			    "\"" PUMP "\","
			    "\"received_at\":\"2026-01-01T00:00:00.000Z\"}");
	assert_string_equal(played_header(&c->record, "__connect.errors.topic"),
			    "ztp/v1/pending");
	assert_string_equal(played_header(&c->record, "__connect.errors.stage"),
			    "pending");
	assert_string_equal(
		played_header(&c->record,
			      "__connect.errors.exception.class.name"),
		"too_many");
	assert_string_equal(
		played_header(&c->record, "__connect.errors.exception.message"),
		"8 requests of this device path are live already");
	assert_string_equal(played_header(&c->record, "ztp.size"), "135");
	assert_int_equal(c->b.core.tally.pending[TALLY_PENDING_TOO_MANY], 1);
	assert_int_equal(c->b.core.tally.dlq[TALLY_DLQ_PENDING], 1);
}

static void a_ninth_contender_may_have_no_name(void **state)
{
	struct life_case *c = *state;
	int i;

	for (i = 1; i <= ZTP_CONTENDERS_MAX; i++)
		life_put(c, PUMP, i, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	life_knock(c, PUMP, 9);
	assert_true(life_record(c, STORE_DLQ));
	assert_string_equal(life_member(c, "request_id"), "");
	assert_string_equal(life_member(c, "device_path"), PUMP);
}

/* What has become of the path's other certificate, and what remains for this
 * one: after an approval, nothing. */
static void the_path_is_the_first_ones_that_was_approved(void **state)
{
	static const struct {
		enum ztp_state other;
		bool taken;
	} lines[] = {
		{ZTP_STATE_RECEIVED, false},	 {ZTP_STATE_REQUESTED, false},
		{ZTP_STATE_APPROVED, true},	 {ZTP_STATE_REGISTERED, true},
		{ZTP_STATE_DELIVERED, true},	 {ZTP_STATE_ONBOARDED, true},
		{ZTP_STATE_REJECTED, false},	 {ZTP_STATE_EXPIRED, false},
		{ZTP_STATE_CONFLICT, false},	 {ZTP_STATE_FAILED, false},
		{ZTP_STATE_UNDELIVERABLE, true},
	};
	struct life_case *c = *state;
	uint64_t conflicts = 0;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		enum ztp_state want = lines[i].taken ? ZTP_STATE_CONFLICT
						     : ZTP_STATE_RECEIVED;
		char path[64];

		snprintf(path, sizeof(path),
			 "subscriptions/s/registries/r/devices/d%zu", i);
		life_put(c, path, 1, lines[i].other, ZTP_OWED_NONE);
		life_knock(c, path, 2);
		life_is(c, life_newest(c), want);
		assert_int_equal(life_record(c, STORE_REQUESTS),
				 !lines[i].taken);
		if (!lines[i].taken)
			continue;
		conflicts++;
		life_result(c, NULL, "conflict");
		assert_string_equal(life_member(c, "message"),
				    "a device with this path exists already");
	}
	assert_int_equal(c->b.core.tally.pending[TALLY_PENDING_CONFLICT],
			 conflicts);
	life_no_record(c, STORE_RESULTS);
}

/* --- the same certificate again */

static void a_live_request_is_not_asked_about_again(void **state)
{
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	life_knock(c, PUMP, 1);
	assert_int_equal(life_newest(c), 1);
	life_no_record(c, STORE_REQUESTS);
	assert_int_equal(c->b.core.tally.pending[TALLY_PENDING_MERGED], 1);
}

/* ... but not too soon. */
static void a_live_request_is_announced_again_in_time(void **state)
{
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	life_put(c, PUMP, 2, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	c->config.onboarding.renotify_interval_ms = LIFE_MIN;
	life_knock(c, PUMP, 1);
	assert_int_equal(life_row(c, 1).announced_at, LIFE_NOW);
	assert_true(life_record(c, STORE_REQUESTS));
	assert_string_equal(life_member(c, "request_id"), "r-1");
	assert_string_equal(life_member(c, "contenders"), "2");
	assert_int_equal(c->record.request, 1);
	life_no_record(c, STORE_REQUESTS);
	assert_int_equal(c->b.core.tally.pending[TALLY_PENDING_REANNOUNCED], 1);
	/* The interval starts again. */
	life_pass(c, LIFE_MIN - 1);
	life_knock(c, PUMP, 1);
	life_no_record(c, STORE_REQUESTS);
}

/* Its command was tried without success, and is now tried soon. */
static void a_device_that_comes_back_is_not_kept_waiting(void **state)
{
	struct life_case *c = *state;
	struct store_request r;

	life_put(c, PUMP, 1, ZTP_STATE_REGISTERED, ZTP_OWED_SEND);
	r = life_row(c, 1);
	r.owed.tries = 5;
	r.owed.retry_at = LIFE_NOW + LIFE_MIN;
	life_save(c, &r);
	life_knock(c, PUMP, 1);
	life_owes(c, 1, ZTP_OWED_SEND, 0, LIFE_MIN);
	assert_int_equal(life_row(c, 1).owed.tries, 1);
}

static void a_rejected_device_is_not_asked_about_for_a_while(void **state)
{
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_REJECTED, ZTP_OWED_NONE);
	life_knock(c, PUMP, 1);
	assert_int_equal(life_newest(c), 1);
	life_owes(c, 1, ZTP_OWED_NONE, LIFE_NEVER, LIFE_NEVER);
	assert_int_equal(c->b.core.tally.pending[TALLY_PENDING_COOLDOWN], 1);
	life_pass(c, 14 * LIFE_MIN);
	life_knock(c, PUMP, 1);
	assert_int_equal(life_newest(c), 2);
}

static void knock_under_another_fingerprint(struct life_case *c)
{
	struct journal_entry twin = life_entry(c, PUMP, 2);

	memset(twin.cert.identity, 1, sizeof(twin.cert.identity));
	life_take(c, &twin);
}

/* Nor if somebody has turned its certificate's signature into the other one
 * that ECDSA allows. Another certificate is another matter. */
static void nor_is_it_under_another_fingerprint(void **state)
{
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_REJECTED, ZTP_OWED_NONE);
	knock_under_another_fingerprint(c);
	assert_int_equal(life_newest(c), 1);
	assert_int_equal(c->b.core.tally.pending[TALLY_PENDING_COOLDOWN], 1);
	life_knock(c, PUMP, 3);
	assert_int_equal(life_newest(c), 2);
	life_pass(c, 14 * LIFE_MIN);
	knock_under_another_fingerprint(c);
	assert_int_equal(life_newest(c), 3);
	assert_int_equal(c->b.core.tally.pending[TALLY_PENDING_COOLDOWN], 1);
}

/* The device has not been notified of the last request's end yet. That is still
 * owed. */
static void a_notice_outlives_the_next_request(void **state)
{
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_EXPIRED, ZTP_OWED_NOTICE_SEND);
	life_knock(c, PUMP, 1);
	assert_int_equal(life_newest(c), 2);
	life_owes(c, 1, ZTP_OWED_NOTICE_SEND, 0, LIFE_MIN);
}

/* Without a gate nobody else knows that the device has lost its command. */
static void an_approved_device_is_given_its_command_again(void **state)
{
	static const enum ztp_state ends[] = {ZTP_STATE_ONBOARDED,
					      ZTP_STATE_UNDELIVERABLE};
	struct life_case *c = *state;
	int i;

	for (i = 0; i < 2; i++) {
		life_put(c, i ? VALVE : PUMP, 1, ends[i], ZTP_OWED_NONE);
		life_knock(c, i ? VALVE : PUMP, 1);
		assert_int_equal(life_newest(c), i + 1);
		life_is(c, i + 1, ends[i]);
		life_owes(c, i + 1, ZTP_OWED_SEND, 0, 5 * LIFE_MIN);
	}
	assert_int_equal(c->b.core.tally.pending[TALLY_PENDING_REDELIVER], 2);
	life_no_record(c, STORE_REQUESTS);
	life_no_record(c, STORE_RESULTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(a_first_event_asks_the_customer),
		LIFE_TEST(kafka_may_have_the_question_before_the_commit),
		LIFE_TEST(an_event_names_its_request),
		LIFE_TEST(a_name_that_is_taken_is_not_given_again),
		LIFE_TEST(an_entry_without_names_gets_random_ones),
		LIFE_TEST(an_event_brings_its_trace),
		LIFE_TEST(the_deadline_is_the_events_within_bounds),
		LIFE_TEST(an_event_that_comes_too_late_ends_at_once),
		LIFE_TEST(another_certificate_contends_for_the_path),
		LIFE_TEST(attempts_count_on),
		LIFE_TEST(a_ninth_contender_is_a_dead_letter),
		LIFE_TEST(a_ninth_contender_may_have_no_name),
		LIFE_TEST(the_path_is_the_first_ones_that_was_approved),
		LIFE_TEST(a_live_request_is_not_asked_about_again),
		LIFE_TEST(a_live_request_is_announced_again_in_time),
		LIFE_TEST(a_device_that_comes_back_is_not_kept_waiting),
		LIFE_TEST(a_rejected_device_is_not_asked_about_for_a_while),
		LIFE_TEST(nor_is_it_under_another_fingerprint),
		LIFE_TEST(a_notice_outlives_the_next_request),
		LIFE_TEST(an_approved_device_is_given_its_command_again),
	};

	return cmocka_run_group_tests_name("bridge_life_pending", tests, NULL,
					   NULL);
}
