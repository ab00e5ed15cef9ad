/*
 * tools/common/tail.h - reads topics without a consumer group, from their
 * beginnings or their ends, including partitions and topics that appear later.
 * Commits nothing. One thread.
 */
#ifndef ZTP_TOOLS_TAIL_H
#define ZTP_TOOLS_TAIL_H

#include "tools/common/kafka.h"

struct ztp_tail;

/* Uses consumer, which must have been made with eof, and topics; both stay the
 * caller's. Does not connect yet: ztp_tail_next does, and finds what has
 * appeared in the meantime. NULL: no memory. */
struct ztp_tail *ztp_tail_new(rd_kafka_t *consumer, const char *const *topics,
			      size_t topic_count, bool from_beginning);

/* The next record, or NULL if none came within timeout_ms (a few seconds longer
 * if the cluster does not answer at all). The caller destroys it. */
rd_kafka_message_t *ztp_tail_next(struct ztp_tail *tail, int timeout_ms);

/* Does every topic exist, and has each partition been read up to an end that it
 * had at some time since ztp_tail_new? */
bool ztp_tail_at_end(const struct ztp_tail *tail);

/* Has this partition been, whatever is with the others? */
bool ztp_tail_partition_at_end(const struct ztp_tail *tail, const char *topic,
			       int32_t partition);

/* Has every topic been found? Records written from now on will be seen. */
bool ztp_tail_ready(const struct ztp_tail *tail);

/* Is there an answer, and does a topic not exist, or is not to be seen? */
bool ztp_tail_missing(const struct ztp_tail *tail);

/* Was there no answer when it was last asked for? It is asked for every few
 * seconds. */
bool ztp_tail_away(const struct ztp_tail *tail);

void ztp_tail_free(struct ztp_tail *tail);

#endif
