/* tests/sim/contract/kafka_case.h - handles as the bridge has them, and what
 * comes of records. */
#ifndef TESTS_SIM_CONTRACT_KAFKA_CASE_H
#define TESTS_SIM_CONTRACT_KAFKA_CASE_H

#include <librdkafka/rdkafka.h>

#include "tests/sim/contract/contract.h"

#define CASE_RECORDS 64
#define CASE_WAIT_MS 60000

struct report {
	bool there;
	rd_kafka_resp_err_t err;
	int64_t offset;
};

struct kafka_case {
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	rd_kafka_topic_t *topic;
	const char *name;
	struct report reports[CASE_RECORDS];
	int fatal;   /* errors that were fatal */
	int missing; /* errors that say that the topic is not there */
};

/* settings: pairs of name and value, and NULL. */
void case_producer(struct kafka_case *k, const char *topic,
		   const char *const *settings);
/* The same, whose reports are calls. */
void case_transactions(struct kafka_case *k, const char *topic,
		       void (*delivered)(rd_kafka_t *rk,
					 const rd_kafka_message_t *message,
					 void *opaque),
		       const char *const *settings);
void case_consumer(struct kafka_case *k, const char *topic,
		   const char *const *settings);

/* Hands over record n, whose value is "n" and as many more bytes. */
rd_kafka_resp_err_t case_send(struct kafka_case *k, int n, size_t more);
rd_kafka_resp_err_t case_send_as(struct kafka_case *k, int n, const char *key,
				 size_t key_len, size_t value_len,
				 rd_kafka_headers_t *headers);
/* Takes what has been reported until there are reports of 0 to n - 1. */
void case_wait_reports(struct kafka_case *k, int n);
void case_take_event(struct kafka_case *k, int ms);

/* The next event of that type, or NULL; others are counted and dropped. */
rd_kafka_event_t *case_event(struct kafka_case *k, int type, int ms);
void case_assign(struct kafka_case *k, int partitions, int64_t offset);
/* The next record's offset, with its value; or -1 and the end's offset, told
 * as such; fails when neither comes. */
int64_t case_read(struct kafka_case *k, char *value, size_t room, int64_t *end);

#endif
