/*
 * Large records. What is larger than a decision may be (DESIGN: 256 KiB) goes to
 * the dead letters with its SHA-256, and a few compressed kilobytes may unpack
 * to hundreds of megabytes. To hash 15 MB takes 10 to 40 ms, in which the loop
 * would do nothing else. So it is hashed in parts, one in a turn. Meanwhile no
 * other record is taken from the queue, but everything else goes on.
 */
#include "bridge/kafka/consumer_internal.h"

#define LARGE (1 << 20)
#define PART  (1 << 20) /* bytes in a turn: about 1 ms */

bool consumer_large_begin(struct consumer *c, rd_kafka_event_t *event,
			  const rd_kafka_message_t *message)
{
	struct large *large = &c->large;

	if (message->err || !message->payload || message->len <= LARGE)
		return false;
	*large = (struct large){.event = event, .message = message};
	ztp_sha256_begin(&large->hash);
	return true;
}

bool consumer_large_go_on(struct consumer *c)
{
	struct large *large = &c->large;
	size_t left = large->message->len - large->done;
	size_t n = left < PART ? left : PART;

	ztp_sha256_add(&large->hash,
		       (const uint8_t *)large->message->payload + large->done,
		       n);
	large->done += n;
	if (large->done < large->message->len)
		return false;
	ztp_sha256_end(&large->hash, large->sha256);
	return true;
}

const uint8_t *consumer_large_sha256(const struct consumer *c,
				     const rd_kafka_message_t *message)
{
	return message == c->large.message ? c->large.sha256 : NULL;
}

void consumer_large_drop(struct consumer *c)
{
	if (c->large.event)
		rd_kafka_event_destroy(c->large.event);
	c->large = (struct large){.event = NULL};
}
