/*
 * tests/unit/producer_case.h - a producer with its store, on a mock cluster of
 * librdkafka's, in turns as the loop has them.
 */
#ifndef ZTP_TESTS_PRODUCER_CASE_H
#define ZTP_TESTS_PRODUCER_CASE_H

#include "core_case.h"
#include "mock_kafka.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "bridge/kafka/producer_internal.h"

struct producer_case {
	struct core_case in;
	struct mock_kafka kafka; /* the test makes it, between make and open */
	struct scratch scratch;
	struct store *store;
	struct producer *producer;
	struct probe_status status;
	int wake_fd;
	int announced, refused; /* how often */
	int64_t first, last;	/* announced the last time */
	struct ztp_error error;
};

static inline int producer_case_announced(void *arg, int64_t first,
					  int64_t last, struct ztp_error *error)
{
	struct producer_case *c = arg;

	(void)error;
	c->announced++;
	c->first = first;
	c->last = last;
	return 0;
}

static inline int producer_case_refused(void *arg,
					const struct store_record *record,
					const struct ztp_error *why,
					struct ztp_error *error)
{
	struct producer_case *c = arg;

	(void)record;
	(void)why;
	(void)error;
	c->refused++;
	return 0;
}

static inline struct producer_case *producer_case_make(void)
{
	struct producer_case *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	core_case_make(&c->in, "kafka: {}\n");
	c->in.core.now = ztp_clock_steady(&c->in.core.clock);
	return c;
}

/* The cluster is there, and so many partitions of the topic. */
static inline void producer_case_open(struct producer_case *c,
				      enum store_topic topic, int partitions)
{
	const struct producer_user user = {producer_case_announced,
					   producer_case_refused, c};

	mock_kafka_name(&c->in.config->kafka.brokers, &c->kafka);
	scratch_make(&c->scratch);
	assert_int_equal(
		store_open(&c->store, c->scratch.base, false, &c->error), 0);
	c->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_true(c->wake_fd >= 0);
	assert_int_equal(producer_new(&c->producer, &c->in.core, c->store,
				      &user, c->wake_fd, &c->error),
			 0);
	c->status.up = true;
	c->status.asked_at = 1;
	c->status.counts[topic] = partitions;
}

static inline int producer_case_teardown(void **state)
{
	struct producer_case *c = *state;

	producer_free(c->producer);
	store_close(c->store);
	scratch_remove(&c->scratch);
	mock_kafka_end(&c->kafka);
	close(c->wake_fd);
	core_case_end(&c->in);
	free(c);
	return 0;
}

/* A turn of the loop. */
static inline void producer_case_turn(struct producer_case *c)
{
	struct producer *p = c->producer;

	c->in.core.now = ztp_clock_steady(&c->in.core.clock);
	producer_hear(p, &c->status);
	producer_collect(p);
	assert_int_equal(producer_apply(p, &c->error), 0);
	assert_int_equal(store_commit(c->store, c->in.core.now, &c->error), 0);
	producer_settle(p);
	producer_pump(p);
	if (!producer_flush(p))
		usleep(1000);
}

#endif
