#include "base/kafka_close.h"

#include <pthread.h>
#include <time.h>

#include "base/clock.h"

#define POLL_MS 50

bool ztp_kafka_leave(rd_kafka_t *consumer, int64_t ms)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_new(consumer);
	rd_kafka_error_t *error =
		rd_kafka_consumer_close_queue(consumer, queue);
	int64_t until = ztp_clock_boot() + ms;
	bool closed = false;

	while (!error && !(closed = rd_kafka_consumer_closed(consumer)) &&
	       ztp_clock_boot() < until) {
		rd_kafka_event_t *event = rd_kafka_queue_poll(queue, POLL_MS);

		if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE)
			rd_kafka_assign(consumer, NULL);
		rd_kafka_event_destroy(event);
	}
	if (error)
		rd_kafka_error_destroy(error);
	rd_kafka_queue_destroy(queue);
	return closed;
}

static void *destroy(void *handle)
{
	rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	return NULL;
}

/* A clock that is set back would make it wait for as long; musl has no other. */
static int join(pthread_t thread, int64_t ms)
{
#ifdef __GLIBC__
	struct timespec until = ztp_clock_after(CLOCK_MONOTONIC, ms);

	return pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until);
#else
	struct timespec until = ztp_clock_after(CLOCK_REALTIME, ms);

	return pthread_timedjoin_np(thread, NULL, &until);
#endif
}

bool ztp_kafka_destroy(rd_kafka_t *handle, int64_t ms)
{
	pthread_t thread;

	rd_kafka_set_log_level(handle, 0);
	if (pthread_create(&thread, NULL, destroy, handle) != 0) {
		destroy(handle);
		return true;
	}
	if (ms > 0 && join(thread, ms) == 0)
		return true;
	pthread_detach(thread);
	return false;
}
