/* What librdkafka takes, and what it refuses where it stands. */
#include <string.h>

#include "tests/sim/contract/kafka_case.h"

#define BOUND 3000

/* The longest value that is taken with such a key and header. */
static size_t longest(struct kafka_case *k, size_t key, const char *name,
		      size_t header)
{
	static char bytes[BOUND + 1];
	size_t low = 1, high = BOUND + 1;

	memset(bytes, 'b', sizeof(bytes));
	while (low + 1 < high) {
		size_t middle = (low + high) / 2;
		rd_kafka_headers_t *headers = rd_kafka_headers_new(1);
		rd_kafka_resp_err_t err;

		if (name)
			rd_kafka_header_add(headers, name, -1, bytes,
					    (ssize_t)header);
		err = case_send_as(k, 1, bytes, key, middle, headers);
		if (!err)
			low = middle;
		else
			high = middle;
		CHECK(!err || err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	}
	return low;
}

/* 36 bytes beside key and value, and a header with its two lengths: of which
 * those from 64 on take two bytes. */
static void size_bound_to_the_byte(void)
{
	static const char *const settings[] = {"message.max.bytes", "3000",
					       NULL};
	char name[65];
	struct kafka_case k;

	memset(name, 'n', 64);
	name[64] = '\0';
	case_producer(&k, stage_topic(1, 0), settings);
	CHECK_SAME((int64_t)longest(&k, 0, NULL, 0), BOUND - 36);
	CHECK_SAME((int64_t)longest(&k, 500, NULL, 0), BOUND - 536);
	CHECK_SAME((int64_t)longest(&k, 0, "abc", 63), BOUND - 36 - 2 - 66);
	CHECK_SAME((int64_t)longest(&k, 0, "abc", 64), BOUND - 36 - 3 - 67);
	CHECK_SAME((int64_t)longest(&k, 7, name, 100), BOUND - 43 - 4 - 164);
}

/* A place is free when the report of what held it has been destroyed. */
static void queue_full_by_count(void)
{
	static const char *const settings[] = {"queue.buffering.max.messages",
					       "3", NULL};
	rd_kafka_event_t *event;
	struct kafka_case k;
	int n;

	case_producer(&k, stage_topic(1, 0), settings);
	for (n = 0; n < 3; n++)
		CHECK_SAME(case_send(&k, n, 10), 0);
	CHECK_SAME(case_send(&k, n, 10), RD_KAFKA_RESP_ERR__QUEUE_FULL);
	event = case_event(&k, RD_KAFKA_EVENT_DR, CASE_WAIT_MS);
	CHECK(event);
	CHECK_SAME(case_send(&k, n, 10), RD_KAFKA_RESP_ERR__QUEUE_FULL);
	while (rd_kafka_event_message_next(event))
		;
	CHECK_SAME(case_send(&k, n, 10), RD_KAFKA_RESP_ERR__QUEUE_FULL);
	rd_kafka_event_destroy(event);
	CHECK_SAME(case_send(&k, n, 10), 0);
}

/* Values count, keys and headers do not; so much is taken, and a byte more is
 * not. */
static void queue_full_by_bytes(void)
{
	static const char *const settings[] = {"queue.buffering.max.kbytes",
					       "2", NULL};
	static char key[1500];
	struct kafka_case k;

	case_producer(&k, stage_topic(1, 0), settings);
	CHECK_SAME(case_send_as(&k, 0, key, sizeof(key), 1000,
				rd_kafka_headers_new(0)),
		   0);
	CHECK_SAME(case_send(&k, 1, 1049), RD_KAFKA_RESP_ERR__QUEUE_FULL);
	CHECK_SAME(case_send(&k, 1, 1048), 0);
	CHECK_SAME(case_send(&k, 2, 1), RD_KAFKA_RESP_ERR__QUEUE_FULL);
}

static void purged_is_reported(void)
{
	struct kafka_case k;

	case_producer(&k, stage_topic(1, 0), NULL);
	stage_kafka(false);
	CHECK_SAME(case_send(&k, 0, 10), 0);
	CHECK_SAME(rd_kafka_purge(k.rk, RD_KAFKA_PURGE_F_QUEUE |
						RD_KAFKA_PURGE_F_INFLIGHT),
		   0);
	case_wait_reports(&k, 1);
	CHECK(k.reports[0].err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
	      k.reports[0].err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT);
	CHECK(k.reports[0].offset < 0);
}

/* An event that is fatal; what waits is reported, and nothing more is taken. */
static void fatal_error_ends_it(void)
{
	struct kafka_case k;
	char text[256];
	int ms;

	case_producer(&k, stage_topic(1, 0), NULL);
	stage_kafka(false);
	CHECK_SAME(case_send(&k, 0, 10), 0);
	CHECK_SAME(rd_kafka_test_fatal_error(
			   k.rk, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
			   "a test"),
		   0);
	for (ms = CASE_WAIT_MS; ms > 0 && k.fatal == 0; ms -= 50)
		case_take_event(&k, 50);
	CHECK_SAME(k.fatal, 1);
	case_wait_reports(&k, 1);
	CHECK_SAME(k.reports[0].err, RD_KAFKA_RESP_ERR__PURGE_QUEUE);
	CHECK_SAME(case_send(&k, 1, 10), RD_KAFKA_RESP_ERR__FATAL);
	CHECK_SAME(rd_kafka_fatal_error(k.rk, text, sizeof(text)),
		   RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
}

/* Until it refuses record n where it stands; what was taken has failed. */
static rd_kafka_resp_err_t refused_where_it_stands(struct kafka_case *k, int *n)
{
	rd_kafka_resp_err_t err;
	int ms;

	for (ms = CASE_WAIT_MS; ms > 0; ms -= 100) {
		err = case_send(k, *n, 10);
		if (err)
			return err;
		(*n)++;
		case_wait_reports(k, *n);
		if (!k->reports[*n - 1].err)
			contract_sleep(100);
		CHECK(*n < CASE_RECORDS - 8);
	}
	return 0;
}

static void taken_again(struct kafka_case *k, int n)
{
	int ms;

	for (ms = CASE_WAIT_MS; ms > 0 && case_send(k, n, 10) != 0; ms -= 100)
		case_take_event(k, 100);
	case_wait_reports(k, n + 1);
	CHECK_SAME(k->reports[n].err, 0);
	CHECK(k->reports[n].offset >= 0);
}

/* What waits fails, what comes is refused, until it is there again. */
static void topic_that_is_gone(void)
{
	struct kafka_case k;
	int n = 1;

	case_producer(&k, stage_topic(1, 0), NULL);
	CHECK_SAME(case_send(&k, 0, 10), 0);
	case_wait_reports(&k, 1);
	CHECK_SAME(k.reports[0].offset, 0);
	stage_delete(k.name);
	CHECK_SAME(refused_where_it_stands(&k, &n),
		   RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC);
	/* A partition was chosen, and is no more; 2.0.2 says so. */
	CHECK(k.reports[n - 1].err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
	      k.reports[n - 1].err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
	stage_make(k.name, 1);
	taken_again(&k, n);
	CHECK_SAME(k.reports[n].offset, 0);
}

static void topic_that_is_denied(void)
{
	struct kafka_case k;
	int n = 1;

	case_producer(&k, stage_topic(1, 0), NULL);
	CHECK_SAME(case_send(&k, 0, 10), 0);
	case_wait_reports(&k, 1);
	stage_deny(k.name, true);
	CHECK_SAME(refused_where_it_stands(&k, &n),
		   RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	CHECK_SAME(k.reports[n - 1].err,
		   RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	stage_deny(k.name, false);
	taken_again(&k, n);
}

const struct assertion kafka_take_assertions[] = {
	{"size_bound_to_the_byte", size_bound_to_the_byte},
	{"queue_full_by_count", queue_full_by_count},
	{"queue_full_by_bytes", queue_full_by_bytes},
	{"purged_is_reported", purged_is_reported},
	{"fatal_error_ends_it", fatal_error_ends_it},
	{"topic_that_is_gone", topic_that_is_gone},
	{"topic_that_is_denied", topic_that_is_denied},
	{NULL, NULL},
};
