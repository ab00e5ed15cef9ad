/* What a consumer is given of its partitions. */
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/kafka_offsets.h"
#include "tests/sim/contract/kafka_case.h"

static void write_numbers(const char *topic, int from, int to)
{
	for (; from < to; from++) {
		char value[2] = {(char)('0' + from), '\0'};

		stage_write(topic, 0, value, 0);
	}
}

static void expect_record(struct kafka_case *k, int64_t offset,
			  const char *value)
{
	char got[16] = "";
	int64_t end;

	CHECK_SAME(case_read(k, got, sizeof(got), &end), offset);
	CHECK_SAME(strcmp(got, value), 0);
}

static void expect_end(struct kafka_case *k, int64_t offset)
{
	char got[16];
	int64_t end;

	CHECK_SAME(case_read(k, got, sizeof(got), &end), -1);
	CHECK_SAME(end, offset);
}

static bool nothing_comes(struct kafka_case *k)
{
	rd_kafka_event_t *event = case_event(k, RD_KAFKA_EVENT_FETCH, 1000);

	rd_kafka_event_destroy(event);
	return !event;
}

/* Told once for each place. */
static void end_is_told_once(void)
{
	struct kafka_case k;
	int ms;

	case_consumer(&k, stage_read_topic(1),
		      (const char *[]){"group.id", "g", NULL});
	case_assign(&k, 1, RD_KAFKA_OFFSET_STORED);
	expect_end(&k, 0);
	for (ms = 0; ms < 1000; ms += 50) {
		rd_kafka_event_t *event = rd_kafka_queue_poll(k.queue, 50);

		CHECK(!event);
	}
	write_numbers(k.name, 0, 2);
	expect_record(&k, 0, "0");
	/* The end may be told between the two. */
	if (!nothing_comes(&k))
		expect_end(&k, 2);
}

static void beyond_the_end_begins_again(void)
{
	struct kafka_case k;

	case_consumer(&k, stage_read_topic(1),
		      (const char *[]){"group.id", "g", NULL});
	write_numbers(k.name, 0, 3);
	case_assign(&k, 1, 100);
	expect_record(&k, 0, "0");
	expect_record(&k, 1, "1");
}

static void at_the_end_is_not_beyond_it(void)
{
	struct kafka_case k;

	case_consumer(&k, stage_read_topic(1),
		      (const char *[]){"group.id", "g", NULL});
	write_numbers(k.name, 0, 3);
	case_assign(&k, 1, 3);
	expect_end(&k, 3);
	write_numbers(k.name, 3, 4);
	expect_record(&k, 3, "3");
}

/* Nothing gets past an open transaction; its marker has a place. */
static void open_transaction_holds_back(void)
{
	struct kafka_case k;

	case_consumer(&k, stage_read_topic(1),
		      (const char *[]){"group.id", "g", NULL});
	write_numbers(k.name, 0, 1);
	stage_write(k.name, 0, "t", 1);
	write_numbers(k.name, 2, 3);
	case_assign(&k, 1, 0);
	expect_record(&k, 0, "0");
	expect_end(&k, 1);
	CHECK(nothing_comes(&k));
	stage_end(1, true);
	expect_record(&k, 1, "t");
	expect_record(&k, 2, "2");
	expect_end(&k, 4);
}

static void aborted_is_never_seen(void)
{
	struct kafka_case k;

	case_consumer(&k, stage_read_topic(1),
		      (const char *[]){"group.id", "g", NULL});
	stage_write(k.name, 0, "t", 1);
	stage_write(k.name, 0, "t", 1);
	stage_end(1, false);
	write_numbers(k.name, 3, 4);
	case_assign(&k, 1, 0);
	expect_record(&k, 3, "3");
	expect_end(&k, 4);
	stage_write(k.name, 0, "t", 2);
	stage_end(2, false);
	expect_end(&k, 6);
}

static int64_t end_of(const char *topic, const char *isolation)
{
	struct kafka_case k;
	int64_t low, high;

	case_producer(&k, topic,
		      (const char *[]){"isolation.level", isolation, NULL});
	CHECK_SAME(ztp_kafka_offsets(k.rk, topic, 0, &low, &high, 10000), 0);
	CHECK_SAME(low, 0);
	return high;
}

/* For who asks with regard to them, the end is at the first that is open. */
static void ends_and_open_transactions(void)
{
	const char *topic = stage_read_topic(1);

	write_numbers(topic, 0, 1);
	stage_write(topic, 0, "t", 1);
	CHECK_SAME(end_of(topic, "read_uncommitted"), 2);
	CHECK_SAME(end_of(topic, "read_committed"), 1);
	stage_end(1, true);
	CHECK_SAME(end_of(topic, "read_uncommitted"), 3);
	CHECK_SAME(end_of(topic, "read_committed"), 3);
}

/* What was fetched for an assignment that is no more is not handed out. */
static void stale_records_are_dropped(void)
{
	struct kafka_case k;
	uint64_t count;
	int fd = eventfd(0, EFD_NONBLOCK), ms;

	case_consumer(&k, stage_read_topic(1),
		      (const char *[]){"group.id", "g", NULL});
	write_numbers(k.name, 0, 4);
	rd_kafka_queue_io_event_enable(k.queue, fd, &(uint64_t){1}, 8);
	case_assign(&k, 1, 0);
	for (ms = CASE_WAIT_MS; ms > 0 && read(fd, &count, 8) != 8; ms -= 5)
		contract_sleep(5); /* until some is there */
	case_assign(&k, 1, 2);
	expect_record(&k, 2, "2");
}

static void seek(struct kafka_case *k, int64_t offset)
{
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new(1);

	rd_kafka_topic_partition_list_add(list, k->name, 0)->offset = offset;
	CHECK(!rd_kafka_seek_partitions(k->rk, list, 0));
	rd_kafka_topic_partition_list_destroy(list);
}

/* From another place, what was fetched comes again, and nothing that was fetched
 * before comes in between; the end is told there once more. */
static void sought_place_comes_next(void)
{
	struct kafka_case k;

	case_consumer(&k, stage_read_topic(1),
		      (const char *[]){"group.id", "g", NULL});
	write_numbers(k.name, 0, 4);
	case_assign(&k, 1, 0);
	expect_record(&k, 0, "0");
	seek(&k, 2);
	expect_record(&k, 2, "2");
	expect_record(&k, 3, "3");
	expect_end(&k, 4);
	seek(&k, 4);
	expect_end(&k, 4);
	seek(&k, 3);
	expect_record(&k, 3, "3");
	expect_end(&k, 4);
}

/* Whoever has been handed a record can be told where its partition begins and
 * ends, without asking Kafka. */
static void beginning_is_known_with_a_record(void)
{
	struct kafka_case k;
	int64_t low = -1, high = -1;

	case_consumer(&k, stage_read_topic(1),
		      (const char *[]){"group.id", "g", NULL});
	write_numbers(k.name, 0, 4);
	case_assign(&k, 1, 2);
	expect_record(&k, 2, "2");
	CHECK_SAME(rd_kafka_get_watermark_offsets(k.rk, k.name, 0, &low, &high),
		   0);
	CHECK_SAME(low, 0);
	CHECK_SAME(high, 4);
}

/* An eventfd is written to when something comes into an empty queue; and not
 * again before it has been emptied. */
static void queue_wakes_when_it_was_empty(void)
{
	struct kafka_case k;
	uint64_t count = 0;
	int fd = eventfd(0, EFD_NONBLOCK), ms;

	case_consumer(&k, stage_read_topic(1),
		      (const char *[]){"group.id", "g", NULL});
	case_assign(&k, 1, 0);
	expect_end(&k, 0);
	rd_kafka_queue_io_event_enable(k.queue, fd, &(uint64_t){1}, 8);
	write_numbers(k.name, 0, 1);
	for (ms = CASE_WAIT_MS; ms > 0 && read(fd, &count, 8) != 8; ms -= 5)
		contract_sleep(5);
	CHECK(count > 0);
	write_numbers(k.name, 1, 3);
	contract_sleep(1000);
	CHECK(read(fd, &count, 8) != 8);
	expect_record(&k, 0, "0");
}

static void missing_topic_is_told(void)
{
	const struct rd_kafka_metadata *md;
	struct kafka_case k;
	int64_t low, high;
	int i;

	case_producer(&k, stage_read_topic(1), NULL);
	stage_delete(k.name);
	CHECK(ztp_kafka_offsets(k.rk, k.name, 0, &low, &high, 3000) != 0);
	CHECK_SAME(rd_kafka_metadata(k.rk, 0, NULL, &md, 10000), 0);
	for (i = 0; i < md->topic_cnt; i++)
		if (strcmp(md->topics[i].topic, k.name) == 0)
			CHECK_SAME(md->topics[i].err,
				   RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
	rd_kafka_metadata_destroy(md);
}

const struct assertion kafka_read_assertions[] = {
	{"end_is_told_once", end_is_told_once},
	{"beyond_the_end_begins_again", beyond_the_end_begins_again},
	{"at_the_end_is_not_beyond_it", at_the_end_is_not_beyond_it},
	{"open_transaction_holds_back", open_transaction_holds_back},
	{"aborted_is_never_seen", aborted_is_never_seen},
	{"ends_and_open_transactions", ends_and_open_transactions},
	{"stale_records_are_dropped", stale_records_are_dropped},
	{"sought_place_comes_next", sought_place_comes_next},
	{"beginning_is_known_with_a_record", beginning_is_known_with_a_record},
	{"queue_wakes_when_it_was_empty", queue_wakes_when_it_was_empty},
	{"missing_topic_is_told", missing_topic_is_told},
	{NULL, NULL},
};
