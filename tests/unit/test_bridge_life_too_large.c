/* Records that are too large for Kafka, and what is recorded instead. */
#include "life_case.h"

#include "bridge/life/records.h"

#define H(name, value)                                                         \
	{                                                                      \
		name,                                                          \
		{                                                              \
			value, sizeof(value) - 1                               \
		}                                                              \
	}

static const struct ztp_header event[] = {
	H("ce_id", "r-1"),
	H("content-type", "application/json"),
	H("ce_type", "t"),
};

static struct store_record record_of(enum store_topic topic)
{
	return (struct store_record){
		.topic = topic,
		.key = {PUMP, sizeof(PUMP) - 1},
		.value = {"{\"a\":1}", 7},
		.headers = event,
		.header_count = 3,
	};
}

static const struct ztp_error too_large = {
	.code = ZTP_ERR_TOO_LARGE,
	.message = "Broker: Message size too large",
};

static void refuse(struct life_case *c, const struct store_record *record)
{
	life_ok(c, records_refused(&c->b, record, &too_large, &c->error));
	assert_true(life_logged(c, "record_too_large"));
}

/* --- a request, a result, an audit record */

static void a_dead_letter_says_what_was_not_sent(void **state)
{
	static const struct {
		enum store_topic topic;
		const char *name, *stage;
		enum tally_dlq tally;
	} lines[] = {
		{STORE_REQUESTS, "ztp.requests", "request", TALLY_DLQ_REQUEST},
		{STORE_RESULTS, "ztp.results", "result", TALLY_DLQ_RESULT},
		{STORE_AUDIT, "ztp.audit", "audit", TALLY_DLQ_AUDIT},
	};
	struct life_case *c = *state;
	size_t i;

	for (i = 0; i < 3; i++) {
		struct store_record record = record_of(lines[i].topic);
		struct played_record *dead = &c->record;

		refuse(c, &record);
		assert_true(life_record(c, STORE_DLQ));
		assert_string_equal(dead->key, PUMP);
		assert_string_equal(dead->value, "");
		assert_string_equal(
			played_header(dead, "__connect.errors.topic"),
			lines[i].name);
		assert_string_equal(
			played_header(dead, "__connect.errors.offset"), "");
		assert_string_equal(
			played_header(dead, "__connect.errors.stage"),
			lines[i].stage);
		assert_string_equal(
			played_header(dead,
				      "__connect.errors.exception.class.name"),
			"too_large");
		assert_string_equal(played_header(dead, "ztp.size"), "7");
		assert_memory_equal(played_header(dead, "ztp.sha256"),
				    "015abd7f", 8); /* of {"a":1} */
		/* Our own headers say which request it was about. */
		assert_string_equal(played_header(dead, "ce_id"), "r-1");
		assert_string_equal(played_header(dead, "ce_type"), "t");
		assert_string_equal(played_header(dead, "content-type"), "");
		assert_int_equal(dead->header_count, 6 + 2 + 2);
		assert_int_equal(c->b.core.tally.dlq[lines[i].tally], 1);
	}
	life_no_record(c, STORE_DLQ);
}

/* Refuses a record with as many headers as there may be, all alike: its dead
 * letter has as many. */
static void refuse_with_all_headers(struct life_case *c, enum store_topic topic,
				    struct ztp_header header)
{
	struct store_record record = record_of(topic);
	struct ztp_header many[ZTP_HEADERS_MAX];
	int i;

	for (i = 0; i < ZTP_HEADERS_MAX; i++)
		many[i] = header;
	record.headers = many;
	record.header_count = ZTP_HEADERS_MAX;
	refuse(c, &record);
	assert_true(life_record(c, STORE_DLQ));
	assert_int_equal(c->record.header_count, ZTP_HEADERS_MAX);
}

static void a_dead_letter_has_so_many_headers(void **state)
{
	struct life_case *c = *state;

	refuse_with_all_headers(c, STORE_RESULTS, event[0]);
}

/* --- a dead letter: more and more is left out, until nothing is left */

static const struct ztp_header dead_headers[] = {
	H("__connect.errors.topic", "ztp.decisions"),
	H("theirs", "yes"),
	H("ztp.key.size", "5000"),
};

static void a_dead_letter_gives_up_its_value(void **state)
{
	struct life_case *c = *state;
	struct store_record record = record_of(STORE_DLQ);

	record.headers = dead_headers;
	refuse(c, &record);
	assert_true(life_record(c, STORE_DLQ));
	assert_string_equal(c->record.key, PUMP);
	assert_string_equal(c->record.value, "");
	assert_string_equal(played_header(&c->record, "theirs"), "yes");
	assert_string_equal(played_header(&c->record, "ztp.size"), "7");
	assert_int_equal(c->record.header_count, 3 + 2);
}

static void then_all_that_is_not_ours(void **state)
{
	struct life_case *c = *state;
	struct store_record record = record_of(STORE_DLQ);

	record.headers = dead_headers;
	record.value.n = 0;
	refuse(c, &record);
	assert_true(life_record(c, STORE_DLQ));
	assert_null(c->record.key);
	assert_string_equal(played_header(&c->record, "theirs"), "");
	assert_string_equal(played_header(&c->record, "__connect.errors.topic"),
			    "ztp.decisions");
	assert_string_equal(played_header(&c->record, "ztp.key.size"), "5000");
	assert_int_equal(c->record.header_count, 2 + 2);
}

static void what_it_was_is_said_once(void **state)
{
	static const struct ztp_header said[] = {
		H("ztp.sha256", "ab"),
		H("ztp.size", "600000"),
		H("theirs", "yes"),
	};
	struct life_case *c = *state;
	struct store_record record = record_of(STORE_DLQ);

	record.headers = said;
	record.value.n = 0;
	refuse(c, &record);
	assert_true(life_record(c, STORE_DLQ));
	assert_string_equal(played_header(&c->record, "ztp.sha256"), "ab");
	assert_int_equal(c->record.header_count, 2);
}

/* message.max.bytes is smaller than our own headers. */
static void what_cannot_be_made_smaller_is_dropped(void **state)
{
	struct life_case *c = *state;
	struct store_record record = {
		.topic = STORE_DLQ,
		.value = {"", 0},
		.headers = dead_headers,
		.header_count = 1,
	};

	refuse(c, &record);
	life_no_record(c, STORE_DLQ);
	assert_int_equal(c->b.core.tally.dlq[TALLY_DLQ_DROPPED], 1);
}

/* The key alone may be too large. */
static void a_key_is_left_out_before_it_is_dropped(void **state)
{
	struct life_case *c = *state;
	struct store_record record = record_of(STORE_DLQ);

	record.headers = dead_headers;
	record.header_count = 1;
	record.value.n = 0;
	refuse(c, &record);
	assert_true(life_record(c, STORE_DLQ));
	assert_null(c->record.key);
	assert_int_equal(c->b.core.tally.dlq[TALLY_DLQ_DROPPED], 0);
}

static void the_headers_of_a_dead_letter_have_room_for_what_it_was(void **state)
{
	struct life_case *c = *state;

	refuse_with_all_headers(c, STORE_DLQ, dead_headers[1]);
	assert_string_equal(played_header(&c->record, "ztp.size"), "7");
}

/* --- refused, but not for its size: a compacted topic takes no record without
 * a key */

static const struct ztp_error invalid = {
	.code = ZTP_ERR_REFUSED,
	.message = "Broker: Broker failed to validate record",
};

static void a_dead_letter_says_why(void **state)
{
	struct life_case *c = *state;
	struct store_record record = record_of(STORE_RESULTS);

	record.key = (struct ztp_str){NULL, 0};
	life_ok(c, records_refused(&c->b, &record, &invalid, &c->error));
	assert_true(life_logged(c, "record_refused"));
	assert_true(life_record(c, STORE_DLQ));
	assert_string_equal(
		played_header(&c->record,
			      "__connect.errors.exception.class.name"),
		"refused");
	assert_string_equal(
		played_header(&c->record, "__connect.errors.exception.message"),
		invalid.message);
}

static void a_dead_letter_without_a_key_gets_one(void **state)
{
	struct life_case *c = *state;
	struct store_record record = record_of(STORE_DLQ);

	record.key = (struct ztp_str){NULL, 0};
	record.headers = dead_headers;
	life_ok(c, records_refused(&c->b, &record, &invalid, &c->error));
	assert_true(life_record(c, STORE_DLQ));
	assert_string_equal(c->record.key,
			    played_header(&c->record, "ztp.sha256"));
	/* That did not help. */
	record.key = ztp_str_of(c->record.key);
	record.value.n = 0;
	life_ok(c, records_refused(&c->b, &record, &invalid, &c->error));
	life_no_record(c, STORE_DLQ);
	assert_int_equal(c->b.core.tally.dlq[TALLY_DLQ_DROPPED], 1);
}

/* Kafka is not asked for each: whoever decides can cause as many as he likes. */
static void the_next_one_without_a_key_is_not_tried(void **state)
{
	struct life_case *c = *state;
	struct records_outcome what = {.outcome = ZTP_OUTCOME_UNKNOWN_REQUEST,
				       .id = "nobody",
				       .path = "",
				       .message = "",
				       .traceparent = ""};
	struct store_record record = record_of(STORE_RESULTS);
	struct store_record letter = record_of(STORE_DLQ);

	record.key = letter.key = (struct ztp_str){NULL, 0};
	life_ok(c, records_refused(&c->b, &record, &invalid, &c->error));
	assert_true(life_record(c, STORE_DLQ));
	assert_null(c->record.key);
	life_ok(c, records_refused(&c->b, &letter, &invalid, &c->error));
	assert_true(life_record(c, STORE_DLQ));
	/* Neither the result nor its dead letter. */
	life_ok(c, records_result(&c->b, &what, &c->error));
	life_no_record(c, STORE_RESULTS);
	assert_true(life_record(c, STORE_DLQ));
	assert_string_equal(c->record.key,
			    played_header(&c->record, "ztp.sha256"));
	assert_string_equal(played_header(&c->record, "__connect.errors.stage"),
			    "result");
	life_no_record(c, STORE_DLQ);
	/* Those with a key, and after a while the others, are. */
	what.key = ztp_str_of("k");
	life_ok(c, records_result(&c->b, &what, &c->error));
	assert_true(life_record(c, STORE_RESULTS));
	what.key = (struct ztp_str){NULL, 0};
	life_pass(c, LIFE_MIN);
	life_ok(c, records_result(&c->b, &what, &c->error));
	assert_true(life_record(c, STORE_RESULTS));
	/* One that is too large says nothing of the others. */
	life_ok(c, records_refused(&c->b, &record, &too_large, &c->error));
	life_ok(c, records_result(&c->b, &what, &c->error));
	assert_true(life_record(c, STORE_RESULTS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(a_dead_letter_says_what_was_not_sent),
		LIFE_TEST(a_dead_letter_has_so_many_headers),
		LIFE_TEST(a_dead_letter_gives_up_its_value),
		LIFE_TEST(then_all_that_is_not_ours),
		LIFE_TEST(what_it_was_is_said_once),
		LIFE_TEST(what_cannot_be_made_smaller_is_dropped),
		LIFE_TEST(a_key_is_left_out_before_it_is_dropped),
		LIFE_TEST(
			the_headers_of_a_dead_letter_have_room_for_what_it_was),
		LIFE_TEST(a_dead_letter_says_why),
		LIFE_TEST(a_dead_letter_without_a_key_gets_one),
		LIFE_TEST(the_next_one_without_a_key_is_not_tried),
	};

	return cmocka_run_group_tests_name("bridge_life_too_large", tests, NULL,
					   NULL);
}
