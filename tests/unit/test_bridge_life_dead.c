/* Dead letters, and results of decisions without effect, that Kafka does not
 * accept: what waits for it has bounds. */
#include "life_case.h"

#include "bridge/life/records.h"

#define MIB (1 << 20)

/* Another letter waits, of this size. Returns its number. */
static int64_t waits(struct life_case *c, size_t bytes)
{
	struct store_record record = {.topic = STORE_DLQ};
	char *value = calloc(1, bytes);

	assert_non_null(value);
	record.value = (struct ztp_str){value, bytes};
	life_ok(c, store_outbox_add(c->b.store, &record, &c->error));
	life_commit(c);
	free(value);
	assert_true(life_record(c, STORE_DLQ));
	return record.seq;
}

static void take(struct life_case *c, const char *json)
{
	struct consumer_record record = life_next(c, json);

	life_ok(c, life_decide(c, &record));
}

static void beyond_the_first_bound_a_letter_has_no_value(void **state)
{
	struct life_case *c = *state;
	int64_t last = 0;
	int i;

	for (i = 0; i < 32; i++) {
		take(c, "yes");
		assert_true(life_record(c, STORE_DLQ));
		assert_int_equal(c->record.value_len, 3);
		last = waits(c, MIB);
	}
	take(c, "no");
	assert_true(life_logged(c, "dead_letter_cut"));
	assert_true(life_record(c, STORE_DLQ));
	assert_int_equal(c->record.value_len, 0);
	assert_string_equal(played_header(&c->record, "ztp.size"), "2");
	assert_int_equal(c->b.core.tally.dlq[TALLY_DLQ_DECISION], 33);
	/* Kafka has accepted some. */
	life_ok(c, store_outbox_remove(c->b.store, last, &c->error));
	take(c, "no");
	assert_true(life_record(c, STORE_DLQ));
	assert_int_equal(c->record.value_len, 2);
}

static void beyond_the_second_it_is_only_counted(void **state)
{
	struct life_case *c = *state;
	struct store_record result = {.topic = STORE_RESULTS,
				      .value = {"{}", 2}};
	static const struct ztp_error large = {.code = ZTP_ERR_TOO_LARGE};
	int64_t last = 0;
	int i;

	for (i = 0; i < 64; i++)
		last = waits(c, MIB);
	take(c, "no");
	assert_true(life_logged(c, "record_dropped"));
	life_ok(c, records_refused(&c->b, &result, &large, &c->error));
	life_no_record(c, STORE_DLQ);
	assert_int_equal(c->b.core.tally.dlq[TALLY_DLQ_DROPPED], 2);
	assert_int_equal(c->b.core.tally.dlq[TALLY_DLQ_DECISION], 0);
	/* Nobody else notices. */
	life_knock(c, PUMP, 1);
	assert_false(c->blocked);
	assert_true(life_record(c, STORE_REQUESTS));
	take(c, "{\"request_id\":\"none\",\"device_path\":\"" VALVE
		"\",\"decision\":\"approve\"}");
	life_result(c, "none", "unknown_request");
	life_ok(c, store_outbox_remove(c->b.store, last, &c->error));
	take(c, "no");
	assert_true(life_record(c, STORE_DLQ));
}

/* Of decisions that have no effect anybody can cause as many as he likes. */
static void results_of_no_effect_do_not_stop_the_intake(void **state)
{
	static const char none[] = "{\"request_id\":\"none\",\"device_path\":"
				   "\"" VALVE "\",\"decision\":\"approve\"}";
	struct life_case *c = *state;
	struct store_record record = {.topic = STORE_RESULTS};
	int i;

	c->config.store.max_requests = 1;
	for (i = 1; i < RECORDS_NO_EFFECT_MAX; i++) {
		life_ok(c, store_outbox_add(c->b.store, &record, &c->error));
		assert_true(life_record(c, STORE_RESULTS));
	}
	take(c, none);
	life_result(c, "none", "unknown_request");
	assert_false(life_logged(c, "record_dropped"));
	take(c, none);
	assert_true(life_logged(c, "record_dropped"));
	life_no_record(c, STORE_RESULTS);
	assert_int_equal(c->b.core.tally.dlq[TALLY_DLQ_DROPPED], 1);
	/* Nobody else notices, and what a request ends with is told. */
	life_knock(c, PUMP, 1);
	assert_false(c->blocked);
	assert_true(life_record(c, STORE_REQUESTS));
	life_reject(c, 1);
	life_result(c, "own-1", "rejected");
}

/* Only results count: another topic that takes nothing costs none of them. */
static void results_of_no_effect_wait_for_their_own_topic(void **state)
{
	struct life_case *c = *state;
	struct store_record record = {.topic = STORE_AUDIT};
	int i;

	for (i = 0; i < RECORDS_NO_EFFECT_MAX; i++) {
		life_ok(c, store_outbox_add(c->b.store, &record, &c->error));
		assert_true(life_record(c, STORE_AUDIT));
	}
	take(c, "{\"request_id\":\"none\",\"device_path\":\"" VALVE
		"\",\"decision\":\"approve\"}");
	life_result(c, "none", "unknown_request");
	assert_false(life_logged(c, "record_dropped"));
}

/* The gate writes one for each device that it refuses. */
static void audit_records_do_not_stop_the_intake(void **state)
{
	struct life_case *c = *state;
	struct store_record record = {.topic = STORE_AUDIT};
	struct journal_entry audit = {
		.kind = ENTRY_AUDIT, .path = "", .text = "{}", .text_len = 2};
	int i;

	c->config.store.max_requests = 1;
	for (i = 1; i < RECORDS_AUDIT_MAX + 2; i++)
		life_ok(c, store_outbox_add(c->b.store, &record, &c->error));
	life_ok(c, records_audit(&c->b, &audit, NULL, &c->error));
	assert_false(life_logged(c, "record_dropped"));
	life_ok(c, records_audit(&c->b, &audit, NULL, &c->error));
	assert_true(life_logged(c, "record_dropped"));
	assert_int_equal(c->b.core.tally.dlq[TALLY_DLQ_DROPPED], 1);
	assert_int_equal(store_outbox_waiting(c->b.store, STORE_AUDIT),
			 RECORDS_AUDIT_MAX + 2);
	/* Nobody else notices, whatever waits. */
	for (i = 0; i < 10000; i++)
		life_ok(c, store_outbox_add(c->b.store, &record, &c->error));
	life_knock(c, PUMP, 1);
	assert_false(c->blocked);
	assert_int_equal(store_outbox_waiting(c->b.store, STORE_REQUESTS), 1);
	/* Kafka has accepted some. */
	for (i = 0; i < 10001; i++)
		life_ok(c, store_outbox_remove(c->b.store, record.seq - i,
					       &c->error));
	life_ok(c, records_audit(&c->b, &audit, NULL, &c->error));
	assert_int_equal(c->b.core.tally.dlq[TALLY_DLQ_DROPPED], 1);
}

static void letters_do_not_stop_the_intake(void **state)
{
	struct life_case *c = *state;
	int i;

	c->config.store.max_requests = 1;
	for (i = 0; i < 1100; i++)
		take(c, "no");
	life_knock(c, PUMP, 1);
	assert_false(c->blocked);
	assert_true(life_record(c, STORE_REQUESTS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(beyond_the_first_bound_a_letter_has_no_value),
		LIFE_TEST(beyond_the_second_it_is_only_counted),
		LIFE_TEST(results_of_no_effect_do_not_stop_the_intake),
		LIFE_TEST(results_of_no_effect_wait_for_their_own_topic),
		LIFE_TEST(audit_records_do_not_stop_the_intake),
		LIFE_TEST(letters_do_not_stop_the_intake),
	};

	return cmocka_run_group_tests_name("bridge_life_dead", tests, NULL,
					   NULL);
}
