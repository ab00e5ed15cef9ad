/*
 * tests/unit/copy_case.h - a copy of a ztp.state, in a mock cluster of librdkafka's,
 * and a boot clock that can run ahead: the process has been stopped. Linked with
 * --wrap=ztp_clock_boot.
 */
#ifndef ZTP_TESTS_COPY_CASE_H
#define ZTP_TESTS_COPY_CASE_H

#include "core_case.h"
#include "mock_kafka.h"

#include "base/clock.h"
#include "bridge/ledger/copy.h"
#include "bridge/ledger/turns.h"
#include "bridge/store/store_state.h"

#define T0	    INT64_C(1700000000000)
#define DAY	    INT64_C(86400000)
#define SECOND	    1000
#define DEADLINE_US 30000000
#define WAIT_MS	    100
#define ROWS	    100
#define GONE	    "gone" /* a row that the topic has no more */

struct copy_case {
	struct scratch scratch;
	struct core_case in;
	struct mock_kafka kafka;
	struct copy *copy;
	struct ztp_error error;
};

/* The boot clock is so far ahead: the process has been stopped for that long. */
static int64_t stopped_for;

int64_t __real_ztp_clock_boot(void);
int64_t __wrap_ztp_clock_boot(void);
int64_t __wrap_ztp_clock_boot(void)
{
	return __real_ztp_clock_boot() + stopped_for;
}

/* --- the topic */

static inline void write_row(struct copy_case *c, const struct state_row *row,
			     const char *name, int64_t at)
{
	struct state_bytes bytes = {0};
	char key[STATE_KEY_MAX + 1];
	int n = state_key(key, row->kind, name);

	assert_true(n > 0);
	assert_int_equal(state_row_encode(&bytes, row, &c->error), 0);
	assert_int_equal(
		rd_kafka_producev(
			c->kafka.client,
			RD_KAFKA_V_TOPIC(c->in.config->kafka.topics.state),
			RD_KAFKA_V_KEY(key, (size_t)n),
			RD_KAFKA_V_VALUE(bytes.p, bytes.len),
			RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
			RD_KAFKA_V_TIMESTAMP(at), RD_KAFKA_V_END),
		RD_KAFKA_RESP_ERR_NO_ERROR);
	mock_kafka_flush(&c->kafka);
	free(bytes.p);
}

static inline void write_birth(struct copy_case *c)
{
	struct state_row row = {.kind = STATE_BIRTH,
				.count = STATE_BIRTH_CELLS};

	row.cells[STATE_BIRTH_ID] = (struct state_cell){
		.type = STATE_TEXT, .bytes = ztp_str_of("first")};
	row.cells[STATE_BIRTH_AT].type = STATE_NUMBER;
	write_row(c, &row, "", T0);
}

/* Of a journal that has been taken up to there. */
static inline void write_mark(struct copy_case *c, const char *journal,
			      int64_t at)
{
	struct state_row row = {.kind = STATE_JOURNAL,
				.name = ztp_str_of(journal),
				.count = STATE_JOURNAL_CELLS};

	row.cells[STATE_JOURNAL_SEGMENT] =
		(struct state_cell){.type = STATE_NUMBER, .number = 1};
	row.cells[STATE_JOURNAL_OFFSET].type = STATE_NUMBER;
	write_row(c, &row, journal, at);
}

/* --- the copy */

static inline bool has(struct copy_case *c, const char *journal)
{
	struct journal_mark mark = {0};

	return copy_store(c->copy) &&
	       turns_mark_get(copy_store(c->copy), journal, &mark, &c->error) ==
		       0 &&
	       mark.segment == 1;
}

static inline void read_to_end(struct copy_case *c)
{
	int64_t until = ztp_clock_us() + DEADLINE_US;

	do {
		assert_true(ztp_clock_us() < until);
		(void)copy_step(c->copy, ROWS, WAIT_MS, &c->error);
	} while (!copy_at_end(c->copy));
}

/* A row as the topic had it, whose removal this copy has not read yet. */
static inline void keep_row(struct copy_case *c)
{
	const struct journal_mark mark = {1, 0};
	struct store *store = copy_store(c->copy);

	assert_int_equal(turns_mark_put(store, GONE, &mark, &c->error), 0);
	assert_int_equal(store_copy_settle(store, &c->error), 0);
	assert_int_equal(copy_commit(c->copy, &c->error), 0);
	assert_true(has(c, GONE));
}

/* Returns what copy_open does. */
static inline int copy_case_open(struct copy_case *c)
{
	const struct copy_options options = {
		.path = c->scratch.base,
		.topic = c->in.config->kafka.topics.state,
		.decisions = c->in.config->kafka.topics.decisions,
		.wake_fd = -1,
	};

	memset(&c->error, 0, sizeof(c->error));
	return copy_open(&c->copy, &c->in.core, &options, &c->error);
}

/* The topic has its birth and a mark; the copy has nothing yet. */
static inline void copy_case_make(struct copy_case *c)
{
	stopped_for = 0;
	scratch_make(&c->scratch);
	core_case_make(&c->in, "kafka: {}\n");
	mock_kafka_make(&c->kafka, 1);
	mock_kafka_topic(&c->kafka, c->in.config->kafka.topics.state, 1);
	mock_kafka_name(&c->in.config->kafka.brokers, &c->kafka);
	assert_int_equal(copy_case_open(c), 0);
	write_birth(c);
	write_mark(c, "one", T0 + SECOND);
}

static inline void copy_case_end(struct copy_case *c)
{
	copy_free(c->copy);
	mock_kafka_end(&c->kafka);
	core_case_end(&c->in);
	scratch_remove(&c->scratch);
}

#endif
