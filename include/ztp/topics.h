/*
 * ztp/topics.h - the Kafka topics between a bridge and its customer, and the
 * defaults that both use. Constants only.
 */
#ifndef ZTP_TOPICS_H
#define ZTP_TOPICS_H

/* X(NAME, number, name, "what is in it"), in the order of the settings. The
 * bridge reads number 0 and writes the others. The numbers are stored on disk:
 * never renumber, only append. */
#define ZTP_TOPIC_LIST(X)                                                      \
	X(REQUESTS, 1, requests, "the requests to the customer")               \
	X(DECISIONS, 0, decisions, "the customer's decisions")                 \
	X(RESULTS, 2, results, "the outcome of every request and decision")    \
	X(DLQ, 3, dlq, "records that could not be processed")                  \
	X(AUDIT, 4, audit, "the gate's audit records")

/* X(NAME, name, "what is in it"): the topics that only bridges of one group
 * read and write, one partition each. */
#define ZTP_GROUP_TOPIC_LIST(X)                                                \
	X(STATE, state, "what the bridges of a group replicate")               \
	X(JOURNAL, journal, "the events that a bridge of a group left over")

#define ZTP_TOPIC(name) "ztp." #name /* the default name */

#define ZTP_TOPIC_NAME_MAX 249 /* bytes; Kafka's limit */

#define ZTP_TOPIC_RETENTION  "retention.ms" /* Kafka's name of it */
#define ZTP_TOPIC_RECORD_MAX "max.message.bytes"

#define ZTP_KAFKA_BROKERS "127.0.0.1:9092" /* the default */

/* Our names for others: in client IDs, consumer groups and ce_source. */
#define ZTP_BRIDGE   "ztp-bridge"
#define ZTP_APPROVER "ztp-approver"

#endif
