/* Records for Kafka: each topic in its own order, bytes and headers as given,
 * until they are removed. */
#include "store_case.h"

struct seen {
	int64_t seqs[64];
	int count, stop_at;
	struct store_record want; /* compared if it has a topic */
};

static void same_bytes(const struct ztp_str *got, const struct ztp_str *want)
{
	assert_int_equal(got->p == NULL, want->p == NULL);
	assert_int_equal(got->n, want->n);
	if (want->n > 0)
		assert_memory_equal(got->p, want->p, want->n);
}

static int look(void *arg, const struct store_record *record)
{
	struct seen *seen = arg;
	const struct store_record *want = &seen->want;
	size_t i;

	assert_true(seen->count < 64);
	seen->seqs[seen->count++] = record->seq;
	if (seen->stop_at == seen->count)
		return 5;
	if (!want->topic)
		return 0;
	assert_int_equal(record->topic, want->topic);
	assert_int_equal(record->request, want->request);
	same_bytes(&record->key, &want->key);
	same_bytes(&record->value, &want->value);
	assert_int_equal(record->header_count, want->header_count);
	for (i = 0; i < want->header_count; i++) {
		assert_string_equal(record->headers[i].name,
				    want->headers[i].name);
		assert_int_equal(record->headers[i].value.n,
				 want->headers[i].value.n);
		if (want->headers[i].value.n > 0)
			assert_memory_equal(record->headers[i].value.p,
					    want->headers[i].value.p,
					    want->headers[i].value.n);
	}
	return 0;
}

static int64_t add(struct store_case *c, enum store_topic topic)
{
	struct store_record record = {.topic = topic, .value = {"v", 1}};

	assert_int_equal(store_outbox_add(c->store, &record, &c->error), 0);
	return record.seq;
}

static struct seen list(struct store_case *c, enum store_topic topic,
			int64_t after, int limit)
{
	struct seen seen = {.count = 0};

	assert_int_equal(store_outbox_each(c->store, topic, after, limit, look,
					   &seen, &c->error),
			 0);
	return seen;
}

static void round_trip(struct store_case *c, struct store_record *record)
{
	struct seen seen = {.count = 0};

	assert_int_equal(store_outbox_add(c->store, record, &c->error), 0);
	store_case_commit(c, 1);
	seen.want = *record;
	assert_int_equal(store_outbox_each(c->store, record->topic,
					   record->seq - 1, 1, look, &seen,
					   &c->error),
			 0);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.seqs[0], record->seq);
}

static void test_as_it_was_given(void **state)
{
	struct store_case *c = *state;
	char name[256], *value = calloc(1, 70000);
	struct ztp_header headers[ZTP_HEADERS_MAX] = {
		{"ce_id", {"1", 1}},	 {"", {"no name", 7}},
		{"empty", {"", 0}},	 {name, {value, 65535}},
		{"binary", {"a\0b", 3}},
	};
	struct store_record record = {.topic = STORE_REQUESTS,
				      .request = 1,
				      .key = {"k\0y", 3},
				      .value = {value, 70000},
				      .headers = headers,
				      .header_count = 5};
	size_t i;

	assert_non_null(value);
	value[69999] = 'x';
	memset(name, 'n', 255);
	name[255] = '\0';
	round_trip(c, &record);
	record.topic = STORE_AUDIT;
	record.request = 0;
	record.key = (struct ztp_str){NULL, 0};
	record.value = (struct ztp_str){"", 0}; /* empty, not null */
	record.header_count = 0;
	round_trip(c, &record);
	record.topic = STORE_DLQ;
	record.key = (struct ztp_str){"", 0};
	record.value = (struct ztp_str){NULL, 0};
	for (i = 0; i < ZTP_HEADERS_MAX; i++)
		headers[i] = (struct ztp_header){"h", {"v", 1}};
	record.header_count = ZTP_HEADERS_MAX;
	round_trip(c, &record);
	free(value);
}

static void test_each_topic_in_its_order(void **state)
{
	struct store_case *c = *state;
	int64_t seqs[STORE_TOPIC_END][5];
	int topic, i;

	for (i = 0; i < 5; i++)
		for (topic = 1; topic < STORE_TOPIC_END; topic++)
			seqs[topic][i] = add(c, (enum store_topic)topic);
	assert_int_equal(store_outbox_count(c->store), 20);
	for (topic = 1; topic < STORE_TOPIC_END; topic++) {
		struct seen seen = list(c, (enum store_topic)topic, 0, 99);

		assert_int_equal(seen.count, 5);
		for (i = 0; i < 5; i++)
			assert_int_equal(seen.seqs[i], seqs[topic][i]);
		seen = list(c, (enum store_topic)topic, seqs[topic][1], 2);
		assert_int_equal(seen.count, 2);
		assert_int_equal(seen.seqs[0], seqs[topic][2]);
		seen = list(c, (enum store_topic)topic, seqs[topic][4], 9);
		assert_int_equal(seen.count, 0);
	}
}

static void test_visit_ends_the_walk(void **state)
{
	struct store_case *c = *state;
	struct seen seen = {.stop_at = 2};
	int i;

	for (i = 0; i < 5; i++)
		add(c, STORE_RESULTS);
	store_case_commit(c, 1);
	assert_int_equal(store_outbox_each(c->store, STORE_RESULTS, 0, 9, look,
					   &seen, &c->error),
			 5);
	assert_int_equal(seen.count, 2);
	assert_int_equal(list(c, STORE_RESULTS, 0, 9).count, 5);
}

/* Numbers increase: always within a process, and after a restart from the
 * records that are left. */
static void test_numbers_over_a_restart(void **state)
{
	struct store_case *c = *state;
	int64_t a = add(c, STORE_RESULTS), b = add(c, STORE_RESULTS), last;

	store_case_commit(c, 1);
	assert_int_equal(store_outbox_remove(c->store, b, &c->error), 0);
	assert_true(add(c, STORE_RESULTS) > b);
	add(c, STORE_AUDIT);
	last = add(c, STORE_RESULTS);
	store_case_commit(c, 2);
	store_case_reopen(c);
	assert_int_equal(store_outbox_count(c->store), 4);
	assert_true(add(c, STORE_RESULTS) > last);
	assert_int_equal(list(c, STORE_RESULTS, 0, 9).seqs[0], a);
	assert_int_equal(list(c, STORE_AUDIT, 0, 9).count, 1);
	/* a topic without records between two with some */
	assert_int_equal(list(c, STORE_DLQ, 0, 9).count, 0);
	add(c, STORE_DLQ);
	assert_int_equal(list(c, STORE_DLQ, 0, 9).count, 1);
	assert_int_equal(list(c, STORE_RESULTS, 0, 9).count, 4);
}

static void test_removed_twice(void **state)
{
	struct store_case *c = *state;
	int64_t seq = add(c, STORE_RESULTS);

	add(c, STORE_RESULTS);
	assert_int_equal(store_outbox_remove(c->store, seq, &c->error), 0);
	assert_int_equal(store_outbox_remove(c->store, seq, &c->error), 0);
	assert_int_equal(store_outbox_count(c->store), 1);
	store_case_commit(c, 1);
	store_case_reopen(c);
	assert_int_equal(store_outbox_count(c->store), 1);
}

static void letters(const struct store_case *c, int64_t count, int64_t bytes)
{
	assert_int_equal(store_outbox_waiting(c->store, STORE_DLQ), count);
	assert_int_equal(store_outbox_letter_bytes(c->store), bytes);
}

/* What waits of ztp.dlq: the same when it is counted at start. */
static void test_dead_letters(void **state)
{
	const struct ztp_header header = {"ce_id", {"1", 1}};
	struct store_case *c = *state;
	struct store_record record = {.topic = STORE_DLQ,
				      .key = {"key", 3},
				      .value = {"a\0b", 3},
				      .headers = &header,
				      .header_count = 1};

	add(c, STORE_RESULTS);
	letters(c, 0, 0);
	assert_int_equal(store_outbox_add(c->store, &record, &c->error), 0);
	letters(c, 1, 3 + 3 + 3 + 6);
	store_case_commit(c, 1);
	add(c, STORE_DLQ);
	letters(c, 2, 16);
	store_rollback(c->store);
	letters(c, 1, 15);
	add(c, STORE_DLQ);
	add(c, STORE_AUDIT);
	store_case_commit(c, 2);
	store_case_reopen(c);
	letters(c, 2, 16);
	assert_int_equal(store_outbox_remove(c->store, record.seq, &c->error),
			 0);
	letters(c, 1, 1);
	assert_int_equal(store_outbox_remove(c->store, record.seq, &c->error),
			 0);
	letters(c, 1, 1);
	assert_int_equal(store_outbox_count(c->store), 3);
}

static void waiting(const struct store_case *c, int requests, int results,
		    int audit)
{
	assert_int_equal(store_outbox_waiting(c->store, STORE_REQUESTS),
			 requests);
	assert_int_equal(store_outbox_waiting(c->store, STORE_RESULTS),
			 results);
	assert_int_equal(store_outbox_waiting(c->store, STORE_AUDIT), audit);
}

static void test_each_topic_has_its_count(void **state)
{
	struct store_case *c = *state;
	int64_t seq = add(c, STORE_AUDIT);

	waiting(c, 0, 0, 1);
	add(c, STORE_AUDIT);
	add(c, STORE_RESULTS);
	waiting(c, 0, 1, 2);
	store_case_commit(c, 1);
	add(c, STORE_REQUESTS);
	store_rollback(c->store);
	waiting(c, 0, 1, 2);
	store_case_reopen(c);
	waiting(c, 0, 1, 2);
	assert_int_equal(store_outbox_remove(c->store, seq, &c->error), 0);
	assert_int_equal(store_outbox_remove(c->store, seq, &c->error), 0);
	waiting(c, 0, 1, 1);
}

int main(void)
{
#define T(name)                                                                \
	cmocka_unit_test_setup_teardown(name, store_case_setup,                \
					store_case_teardown)
	const struct CMUnitTest tests[] = {
		T(test_as_it_was_given),
		T(test_each_topic_in_its_order),
		T(test_visit_ends_the_walk),
		T(test_numbers_over_a_restart),
		T(test_removed_twice),
		T(test_dead_letters),
		T(test_each_topic_has_its_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
