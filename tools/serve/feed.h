/*
 * tools/serve/feed.h - one topic, read from its beginning in a thread of its
 * own, because asking a broker that is away for its topics takes seconds. The
 * owner takes the records from a queue; while that is full, the thread waits,
 * and what follows stays in Kafka.
 */
#ifndef ZTP_SERVE_FEED_H
#define ZTP_SERVE_FEED_H

#include "tools/common/kafka.h"

#define FEED_STUCK_MS 10000

struct feed;

struct feed_settings {
	const char *brokers, *group, *topic;
	const struct ztp_kafka_props *props;
	int wake; /* an eventfd, written to when there is something new */
};

/* NULL: *error says why. settings may go, what it points to must stay. */
struct feed *feed_new(const struct feed_settings *settings,
		      struct ztp_error *error);
/* Never blocks. NULL: nothing at the moment. The caller destroys it. */
rd_kafka_message_t *feed_take(struct feed *feed);
/* Has the topic once been read to its end, and has all of it been taken? Stays
 * true. */
bool feed_caught_up(struct feed *feed);
/* Does no broker answer? */
bool feed_is_away(struct feed *feed);
/* Does the topic not exist, as far as this client may know? */
bool feed_is_missing(struct feed *feed);
/* Has nothing come for FEED_STUCK_MS, before its end? A partition has no leader,
 * for example. */
bool feed_is_stuck(struct feed *feed);
/* Tells the thread to end, and does not wait for it. NULL-safe. */
void feed_stop(struct feed *feed);
/* Has it ended? Then feed_free does not wait. */
bool feed_has_ended(struct feed *feed);
/* NULL-safe. Waits for the thread, for seconds if no broker answers. */
void feed_free(struct feed *feed);

#endif
