/*
 * tools/approver/play.h - what `ztp-approver simulate` plays, and the records that
 * it writes as a bridge would, each with a line on stdout.
 */
#ifndef ZTP_APPROVER_PLAY_H
#define ZTP_APPROVER_PLAY_H

#include "tools/approver/sample.h"
#include "tools/approver/send.h"
#include "tools/common/kafka.h"

#define PLAY_WAIT_MS 50

struct play {
	const struct options *options;
	struct sample *samples;
	size_t count, open;
	rd_kafka_t *producer;
	bool failed;
};

/* What a result is about. */
struct about {
	const char *id, *path, *traceparent;
	const struct ztp_position *decision; /* NULL: none */
};

/* A request, to ztp.requests. */
int play_announce(struct play *play, const struct sample *sample,
		  struct ztp_error *error);
/* A result, to ztp.results. */
int play_say(struct play *play, const struct about *about,
	     enum ztp_outcome outcome, const char *message,
	     struct ztp_error *error);
/* A decision that cannot be read, to ztp.dlq. */
int play_bury(struct play *play, const rd_kafka_message_t *message,
	      const struct ztp_error *why, struct ztp_error *error);

#endif
