/*
 * bridge/kafka/producer_internal.h - shared by producer.c (what becomes of
 * records), producer_unstored.c (of those that are not in the outbox),
 * producer_failed.c (of those that have failed), producer_lanes.c (of those of a
 * partition that stands still) and producer_pump.c (handing them to librdkafka).
 */
#ifndef BRIDGE_KAFKA_PRODUCER_INTERNAL_H
#define BRIDGE_KAFKA_PRODUCER_INTERNAL_H

#include "bridge/kafka/kafka.h"
#include "bridge/kafka/producer.h"
#include "bridge/kafka/topic_window.h"

struct producer {
	struct core *core;
	struct store *store;
	struct producer_user user;
	rd_kafka_t *rk;
	rd_kafka_topic_t *topics[STORE_TOPIC_END]; /* from 1 */
	rd_kafka_queue_t *queue;
	int wake_fd;
	int64_t open_at; /* not before this, after a fatal error */
	bool ok;	 /* false since no broker could be reached, at ... */
	int64_t down_at;
	/* Topics that are away, do not exist or may not be used, as the probe
	 * said last: 1 << enum store_topic. */
	unsigned closed;
	int partitions[STORE_TOPIC_END]; /* as the probe said last; or 0 */
	int partitioner;		 /* see producer_lanes.c */
	bool stuck; /* what librdkafka has is in the way: it needs a new handle */
	bool hold_results;
	bool lingering; /* records were handed over since the last flush */
	int unsettled;	/* in-flight records for apply or settle to handle */
	struct topic_window windows[STORE_TOPIC_END]; /* from 1 */
};

/* Waits until all handed-over records are back, then reads the outbox again
 * from its beginning. */
void producer_rewind(struct producer *p, struct topic_window *window);
/* Nothing is sent to the topic for a while. */
void producer_pause(struct producer *p, struct topic_window *window);
/* Arranges for the record to be sent again: from the outbox, to which an
 * unstored record must move first. */
void producer_retry_record(struct producer *p, struct topic_window *window,
			   struct in_flight *flight);
/* The record will never be accepted. */
void producer_refuse(struct producer *p, struct topic_window *window,
		     struct in_flight *flight, rd_kafka_resp_err_t err);
/* Kafka has the record. */
void producer_succeeded(struct producer *p, struct topic_window *window,
			const struct in_flight *flight);
/* Shall window->suspect be passed by, in this round? */
bool producer_passes_by(struct producer *p, struct topic_window *window);
/* Kafka, or librdkafka, reports that the record has failed. */
void producer_failed(struct producer *p, struct topic_window *window,
		     struct in_flight *flight, rd_kafka_resp_err_t err);

/* During apply: moves unstored records to the outbox if they have failed or have
 * been in flight for too long, and all that follow them, because their order
 * matters. */
int producer_move_to_outbox(struct producer *p, struct topic_window *window,
			    struct ztp_error *error);
/* An unstored record is now in the outbox. If it has been handed over, it
 * continues as that outbox record, and the outbox pass must skip it. Otherwise
 * it is read from the outbox in its turn. */
void producer_settle_moved(struct topic_window *window,
			   struct in_flight *flight);

/* During apply: reports a refused record to the user and removes it. */
int producer_give_up(struct producer *p, const struct topic_window *window,
		     const struct in_flight *flight, struct ztp_error *error);

/* --- lanes */

/* Hands a record of the outbox to librdkafka. alone: nothing else is in flight. */
enum producer_sent {
	PRODUCER_SENT,
	PRODUCER_FULL,	 /* there is no room for it */
	PRODUCER_NOT_NOW /* librdkafka does not take it */
};
typedef enum producer_sent producer_send(struct producer *p,
					 struct topic_window *window,
					 const struct store_record *record,
					 bool alone);

/* Takes note of how keys are given to partitions. */
void producer_partitioner(struct producer *p);
/* The lane of a record; and which partition librdkafka is told. next_keyless: others
 * than those so far get the next ones. */
bool producer_is_keyless(const struct store_record *record);
void producer_next_keyless(struct topic_window *window);
int producer_lane(const struct producer *p, struct topic_window *window,
		  const struct store_record *record);
int producer_partition(const struct topic_window *window,
		       const struct in_flight *flight,
		       const struct store_record *record);
/* Before a report of the record is dealt with. */
void producer_heard(struct producer *p, struct topic_window *window,
		    const struct in_flight *flight);
/* Before records are handed over: which lanes stand now. */
void producer_look(struct producer *p, struct topic_window *window);
/* Has the record of the outbox to be passed by, for its lane? */
bool producer_pass(struct topic_window *window, struct window_lane *lane,
		   int64_t seq);
/* The outbox is read from its beginning, but for lanes that stand. */
void producer_restart_lanes(struct topic_window *window);
/* Is there a lane that can be caught up? Does a part of it. */
bool producer_is_catching_up(struct topic_window *window);
void producer_catch_up(struct producer *p, struct topic_window *window,
		       producer_send *send);

#endif
