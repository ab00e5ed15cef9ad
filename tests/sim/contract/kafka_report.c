/* What becomes of records, and what is said of it. */
#include <string.h>

#include "tests/sim/contract/kafka_case.h"

#define BATCH_BYTES 61 /* around records */

static void begin(struct kafka_case *k, int max_bytes)
{
	case_producer(k, stage_topic(1, max_bytes), NULL);
}

/* One record that the broker knows the producer by. */
static void send_first(struct kafka_case *k)
{
	CHECK_SAME(case_send(k, 0, 1), 0);
	case_wait_reports(k, 1);
	CHECK_SAME(k->reports[0].offset, 0);
}

/* A record of n bytes alone: 61 around it, and 10 within for lengths from 64 up
 * to 8191 with a key of one byte (length 2, attributes, time, place, key's and
 * value's length 1 + 2, headers, the key). */
static void topics_bound_to_the_byte(void)
{
	struct kafka_case k;

	begin(&k, 1000);
	CHECK_SAME(case_send(&k, 0, 1000 - BATCH_BYTES - 10), 0);
	case_wait_reports(&k, 1);
	CHECK_SAME(k.reports[0].err, 0);
	CHECK_SAME(case_send(&k, 1, 1000 - BATCH_BYTES - 9), 0);
	case_wait_reports(&k, 2);
	CHECK_SAME(k.reports[1].err, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	CHECK(k.reports[1].offset < 0);
}

/* The bound is on batches: small ones fail with a large one, or for their
 * number, and are taken alone. */
static void batch_fails_as_a_whole(void)
{
	struct kafka_case k;
	int n;

	begin(&k, 1000);
	for (n = 0; n < 4; n++)
		CHECK_SAME(case_send(&k, n, 300), 0);
	case_wait_reports(&k, 4);
	for (n = 0; n < 4; n++)
		CHECK_SAME(k.reports[n].err,
			   RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	CHECK_SAME(case_send(&k, 4, 300), 0);
	case_wait_reports(&k, 5);
	CHECK_SAME(k.reports[4].err, 0);
	CHECK_SAME(strncmp(stage_values(k.name, 0), "4..", 3), 0);
}

/* Two batches, of which the first is refused while the second is on its way. */
static void send_two_batches(struct kafka_case *k, int n)
{
	stage_refuse_next(k->name);
	CHECK_SAME(case_send(k, n, 1), 0);
	stage_await_refused(k->name);
	CHECK_SAME(case_send(k, n + 1, 1), 0);
	case_wait_reports(k, n + 2);
}

/* A broker that knows nothing of the producer takes the second; and the first,
 * which is not there, is reported without an error and without an offset. */
static void first_batch_is_lost(void)
{
	struct kafka_case k;

	begin(&k, 0);
	send_two_batches(&k, 0);
	CHECK_SAME(k.reports[0].err, 0);
	CHECK(k.reports[0].offset < 0);
	CHECK_SAME(k.reports[1].err, 0);
	CHECK_SAME(k.reports[1].offset, 0);
	CHECK_SAME(strcmp(stage_values(k.name, 0), "1"), 0);
}

/* One that does refuses the second, and both are sent again in their order. */
static void known_producer_keeps_the_order(void)
{
	struct kafka_case k;

	begin(&k, 0);
	send_first(&k);
	send_two_batches(&k, 1);
	CHECK_SAME(k.reports[1].err, 0);
	CHECK_SAME(k.reports[1].offset, 1);
	CHECK_SAME(k.reports[2].err, 0);
	CHECK_SAME(k.reports[2].offset, 2);
	CHECK_SAME(strcmp(stage_values(k.name, 0), "0,1,2"), 0);
}

/* A topic made anew knows nothing of it again. */
static void unknown_in_a_topic_made_anew(void)
{
	struct kafka_case k;

	begin(&k, 0);
	send_first(&k);
	stage_delete(k.name);
	stage_make(k.name, 1);
	send_two_batches(&k, 1);
	CHECK_SAME(k.reports[1].err, 0);
	CHECK(k.reports[1].offset < 0);
	CHECK_SAME(k.reports[2].err, 0);
	CHECK_SAME(k.reports[2].offset, 0);
	CHECK_SAME(strcmp(stage_values(k.name, 0), "2"), 0);
}

/* It was appended, and is asked about again: once is enough. */
static void answer_is_lost(void)
{
	struct kafka_case k;

	begin(&k, 0);
	send_first(&k);
	stage_lose_answer(k.name);
	CHECK_SAME(case_send(&k, 1, 1), 0);
	case_wait_reports(&k, 2);
	CHECK_SAME(k.reports[1].err, 0);
	CHECK_SAME(case_send(&k, 2, 1), 0);
	case_wait_reports(&k, 3);
	CHECK_SAME(k.reports[2].offset, 2);
	CHECK_SAME(strcmp(stage_values(k.name, 0), "0,1,2"), 0);
}

/* What is handed over meanwhile waits, and is there once and in order. */
static void kafka_goes_away_and_comes_back(void)
{
	struct kafka_case k;
	int n;

	begin(&k, 0);
	send_first(&k);
	stage_kafka(false);
	for (n = 1; n < 4; n++) {
		CHECK_SAME(case_send(&k, n, 1), 0);
		contract_sleep(20);
	}
	case_take_event(&k, 500);
	CHECK(!k.reports[1].there);
	stage_kafka(true);
	case_wait_reports(&k, 4);
	CHECK_SAME(k.reports[3].offset, 3);
	CHECK_SAME(strcmp(stage_values(k.name, 0), "0,1,2,3"), 0);
}

/* That of Java's clients: a device's records keep their order whoever writes them. */
static void a_key_has_its_partition(void)
{
	static const char *const settings[] = {"partitioner", "murmur2_random",
					       NULL};
	static const char *const keys[] = {"21", "foobar", "abc",
					   "a-little-bit-long-string",
					   "a-little-bit-longer-string"};
	struct kafka_case k;
	int n;

	case_producer(&k, stage_topic(5, 0), settings);
	for (n = 0; n < 5; n++)
		CHECK_SAME(case_send_as(&k, n, keys[n], strlen(keys[n]), 1,
					rd_kafka_headers_new(0)),
			   0);
	case_wait_reports(&k, 5);
	CHECK_SAME(strcmp(stage_values(k.name, 0), "0"), 0);
	CHECK_SAME(strcmp(stage_values(k.name, 1), "1"), 0);
	CHECK_SAME(strcmp(stage_values(k.name, 2), "2,3"), 0);
	CHECK_SAME(strcmp(stage_values(k.name, 3), ""), 0);
	CHECK_SAME(strcmp(stage_values(k.name, 4), "4"), 0);
}

static void leader_changes(void)
{
	struct kafka_case k;
	int n;

	begin(&k, 0);
	send_first(&k);
	stage_lose_leader(k.name);
	for (n = 1; n < 4; n++) {
		CHECK_SAME(case_send(&k, n, 1), 0);
		contract_sleep(20);
	}
	case_wait_reports(&k, 4);
	for (n = 1; n < 4; n++)
		CHECK_SAME(k.reports[n].err, 0);
	CHECK_SAME(strcmp(stage_values(k.name, 0), "0,1,2,3"), 0);
}

const struct assertion kafka_report_assertions[] = {
	{"topics_bound_to_the_byte", topics_bound_to_the_byte},
	{"batch_fails_as_a_whole", batch_fails_as_a_whole},
	{"first_batch_is_lost", first_batch_is_lost},
	{"known_producer_keeps_the_order", known_producer_keeps_the_order},
	{"unknown_in_a_topic_made_anew", unknown_in_a_topic_made_anew},
	{"answer_is_lost", answer_is_lost},
	{"kafka_goes_away_and_comes_back", kafka_goes_away_and_comes_back},
	{"a_key_has_its_partition", a_key_has_its_partition},
	{"leader_changes", leader_changes},
	{NULL, NULL},
};
