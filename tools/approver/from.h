/*
 * tools/approver/from.h - where run begins in partitions that its group has no
 * offsets of (--from): at what is open, at the beginning, or at what comes from
 * now on. Where the group has offsets, it goes on there.
 */
#ifndef ZTP_APPROVER_FROM_H
#define ZTP_APPROVER_FROM_H

#include "tools/approver/options.h"

struct from;

/* Asks Kafka for the group's offsets, and waits until it answers. Reads the
 * results if that is needed to know what is open. consumer must not be
 * subscribed yet. NULL: *error says why (ZTP_ERR_IO after a signal). */
struct from *from_new(const struct options *options, rd_kafka_t *consumer,
		      struct ztp_error *error);

/* True for a request from before the start that needs no decision. */
bool from_skips(const struct from *from, int32_t partition, int64_t offset,
		const struct ztp_ask *ask);

/* The partitions that the consumer begins to read, with the offsets of before
 * it joined the group in those for which the group has none. Call from_commit
 * after they are assigned. */
void from_place(const struct from *from, rd_kafka_t *consumer,
		rd_kafka_topic_partition_list_t *partitions);
/* With --from now, where it began is committed at once: otherwise one that
 * ends before its first decision would begin anew, further on. */
void from_commit(const struct from *from, rd_kafka_t *consumer,
		 const rd_kafka_topic_partition_list_t *partitions);

/* All partitions, for a consumer without a group; the caller destroys the list.
 * Empty: the topic does not exist. */
rd_kafka_topic_partition_list_t *from_all(const struct from *from);

void from_free(struct from *from); /* NULL-safe */

#endif
