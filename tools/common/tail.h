/*
 * tools/common/tail.h - topics read without a consumer group's help: from
 * their beginnings or their ends, partitions and topics that appear later
 * included. Nothing is committed. One thread.
 */
#ifndef ZTP_TOOLS_TAIL_H
#define ZTP_TOOLS_TAIL_H

#include "tools/common/kafka.h"

struct ztp_tail;

/* Borrows consumer (made with eof set) and topics. Connects to nothing yet:
 * ztp_tail_next does, and finds what has appeared meanwhile. NULL: no
 * memory. */
struct ztp_tail *ztp_tail_new(rd_kafka_t *consumer, const char *const *topics,
			      size_t topic_count, bool from_beginning);

/* The next record, or NULL when none came in timeout_ms (a few seconds more
 * when the cluster does not answer at all). The caller destroys it. */
rd_kafka_message_t *ztp_tail_next(struct ztp_tail *tail, int timeout_ms);

/* Every topic is there, and each partition has been read to where its end
 * was at some moment since ztp_tail_new. */
bool ztp_tail_at_end(const struct ztp_tail *tail);

/* Every topic has been found: a record written from now on will be seen. */
bool ztp_tail_ready(const struct ztp_tail *tail);

void ztp_tail_free(struct ztp_tail *tail);

#endif
