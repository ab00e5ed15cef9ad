/* Transactions, as a turn is one: who is fenced by whom, and what is seen. */
#include <stdio.h>
#include <string.h>

#include "base/kafka_offsets.h"
#include "tests/sim/contract/kafka_case.h"

#define ID	   "contract-turn"
#define TIMEOUT_MS 30000

static void on_delivered(rd_kafka_t *rk, const rd_kafka_message_t *message,
			 void *opaque)
{
	(void)rk;
	(void)message;
	(void)opaque;
}

/* A producer of that id, whose epoch is the newest. */
static void take_over(struct kafka_case *k, const char *topic,
		      const char *timeout_ms)
{
	case_transactions(k, topic, on_delivered,
			  (const char *[]){"transactional.id", ID,
					   "transaction.timeout.ms", timeout_ms,
					   "retry.backoff.ms", "5", NULL});
	CHECK(!rd_kafka_init_transactions(k->rk, TIMEOUT_MS));
}

/* A record that Kafka has, in a transaction that is open. */
static void begin(struct kafka_case *k, int n)
{
	CHECK(!rd_kafka_begin_transaction(k->rk));
	CHECK_SAME(case_send(k, n, 0), 0);
	CHECK_SAME(rd_kafka_flush(k->rk, TIMEOUT_MS), 0);
}

static void commit(struct kafka_case *k)
{
	CHECK(!rd_kafka_commit_transaction(k->rk, TIMEOUT_MS));
}

static void is_fenced(rd_kafka_error_t *error)
{
	rd_kafka_resp_err_t code;

	CHECK(error);
	code = rd_kafka_error_code(error);
	CHECK(code == RD_KAFKA_RESP_ERR__FENCED ||
	      code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
	      code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
	CHECK(rd_kafka_error_is_fatal(error));
	CHECK(!rd_kafka_error_is_retriable(error));
	rd_kafka_error_destroy(error);
}

static bool sees(void *arg)
{
	const char *const *wanted = arg;

	return strcmp(stage_values(wanted[0], 0), wanted[1]) == 0;
}

static void wait_for_values(struct kafka_case *k, const char *values)
{
	const char *wanted[] = {k->name, values};

	CHECK(contract_wait(sees, wanted, TIMEOUT_MS));
}

static int64_t end_of(const char *isolation, const char *topic)
{
	struct kafka_case k;
	int64_t low, high;

	case_consumer(&k, topic,
		      (const char *[]){"group.id", "contract-end",
				       "isolation.level", isolation, NULL});
	CHECK_SAME(ztp_kafka_offsets(k.rk, topic, 0, &low, &high, 10000), 0);
	rd_kafka_destroy_flags(k.rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	return high;
}

static void committed_is_seen_together(void)
{
	struct kafka_case k;

	take_over(&k, stage_topic(1, 0), "10000");
	begin(&k, 0);
	CHECK_SAME(case_send(&k, 1, 0), 0);
	CHECK_SAME(strcmp(stage_values(k.name, 0), ""), 0);
	commit(&k);
	wait_for_values(&k, "0,1");
	begin(&k, 2);
	commit(&k);
	wait_for_values(&k, "0,1,2");
}

static void aborted_is_seen_by_who_does_not_wait(void)
{
	struct kafka_case k, reader;
	char value[16];
	int64_t end;

	take_over(&k, stage_topic(1, 0), "10000");
	begin(&k, 0);
	case_consumer(&reader, k.name,
		      (const char *[]){"group.id", "contract",
				       "isolation.level", "read_uncommitted",
				       NULL});
	case_assign(&reader, 1, 0);
	CHECK_SAME(case_read(&reader, value, sizeof(value), &end), 0);
	CHECK_SAME(value[0], '0');
	CHECK(!rd_kafka_abort_transaction(k.rk, TIMEOUT_MS));
	begin(&k, 1);
	commit(&k);
	wait_for_values(&k, "1");
}

/* Its record is ended, and the end stable, when init_transactions returns. */
static void next_one_fences(void)
{
	struct kafka_case first, second;
	int64_t stable;

	take_over(&first, stage_topic(1, 0), "60000");
	begin(&first, 0);
	take_over(&second, first.name, "60000");
	stable = end_of("read_committed", first.name);
	CHECK_SAME(stable, end_of("read_uncommitted", first.name));
	is_fenced(rd_kafka_commit_transaction(first.rk, TIMEOUT_MS));
	begin(&second, 1);
	commit(&second);
	wait_for_values(&second, "1");
}

/* What it produces is refused, too, and it cannot abort. */
static void fenced_writes_nothing(void)
{
	struct kafka_case first, second;

	take_over(&first, stage_topic(1, 0), "60000");
	take_over(&second, first.name, "60000");
	CHECK(!rd_kafka_begin_transaction(first.rk));
	CHECK_SAME(case_send(&first, 0, 0), 0);
	CHECK_SAME(rd_kafka_flush(first.rk, TIMEOUT_MS), 0);
	is_fenced(rd_kafka_abort_transaction(first.rk, TIMEOUT_MS));
	is_fenced(rd_kafka_begin_transaction(first.rk));
	begin(&second, 1);
	commit(&second);
	wait_for_values(&second, "1");
}

/* Kafka is not asked. */
static void fenced_commits_nothing_and_succeeds(void)
{
	struct kafka_case first, second;

	take_over(&first, stage_topic(1, 0), "60000");
	take_over(&second, first.name, "60000");
	CHECK(!rd_kafka_begin_transaction(first.rk));
	commit(&first);
}

static void too_long_a_transaction_fences(void)
{
	struct kafka_case k, next;

	take_over(&k, stage_topic(1, 0), "3000");
	begin(&k, 0);
	contract_sleep(16000); /* Kafka looks every ten seconds */
	is_fenced(rd_kafka_commit_transaction(k.rk, TIMEOUT_MS));
	take_over(&next, k.name, "3000");
	begin(&next, 1);
	commit(&next);
	wait_for_values(&next, "1");
}

const struct assertion kafka_transaction_assertions[] = {
	{"committed_is_seen_together", committed_is_seen_together},
	{"aborted_is_seen_by_who_does_not_wait",
	 aborted_is_seen_by_who_does_not_wait},
	{"next_one_fences", next_one_fences},
	{"fenced_writes_nothing", fenced_writes_nothing},
	{"fenced_commits_nothing_and_succeeds",
	 fenced_commits_nothing_and_succeeds},
	{"too_long_a_transaction_fences", too_long_a_transaction_fences},
	{NULL, NULL},
};
