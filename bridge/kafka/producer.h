/*
 * bridge/kafka/producer.h - sends records to Kafka, from the outbox or past
 * it.
 *
 * A record stays in the outbox until Kafka has acknowledged it. While its topic
 * cannot be written, it is sent again, without end, after a pause. Each topic
 * has its own window and its own pause, so an unavailable topic does not hold up
 * the others, and neither does a partition that takes nothing. A record that is itself
 * refused is given up.
 *
 * A record built from a journal entry need not go through the outbox: as long
 * as the journal keeps the entry, the record can be rebuilt. The producer
 * takes such a record directly (producer_take). The journal's files, from the
 * oldest such entry on (producer_floor), are kept until Kafka has the record.
 * If that takes too long, or fails, the record moves to the outbox: the outbox
 * may grow, memory may not. Loop thread only.
 */
#ifndef BRIDGE_KAFKA_PRODUCER_H
#define BRIDGE_KAFKA_PRODUCER_H

#include "bridge/core/core.h"
#include "bridge/journal/journal.h"
#include "bridge/kafka/probe.h"
#include "bridge/store/store.h"

/* The user, who learns what becomes of records. Called during apply; may write
 * to the store. Returns 0 or a negative error, on which the transaction is
 * rolled back. */
struct producer_user {
	/* Kafka has acknowledged the records that announced these requests. */
	int (*announced)(void *arg, int64_t first, int64_t last,
			 struct ztp_error *error);
	/* Kafka or librdkafka will not take this record: it is too large
	 * (ZTP_ERR_TOO_LARGE), or something else about it (ZTP_ERR_REFUSED).
	 * The user reports it in some other way, and the producer removes it.
	 * Views, valid during the call. */
	int (*refused)(void *arg, const struct store_record *record,
		       const struct ztp_error *why, struct ztp_error *error);
	void *arg;
};

struct producer;

int producer_new(struct producer **producer, struct core *core,
		 struct store *store, const struct producer_user *user,
		 int wake_fd, struct ztp_error *error);
void producer_free(struct producer *producer);

/* The phases of the loop's turn, see bridge.h. */
void producer_collect(struct producer *producer);
int producer_apply(struct producer *producer, struct ztp_error *error);
void producer_settle(struct producer *producer);
/* Returns to the commit at which the journal had been read up to mark: records
 * from later entries will be rebuilt. */
void producer_rollback(struct producer *producer,
		       const struct journal_mark *mark);
void producer_pump(struct producer *producer);
/* Results stay in the outbox while another bridge reads our decisions, because
 * this bridge cannot know their outcome. */
void producer_hold_results(struct producer *producer, bool hold);
/* Spends BATCHING_SHORT_WAIT_MS on sending what has been handed to librdkafka.
 * Returns false if there was nothing; then no time has passed. */
bool producer_flush(struct producer *producer);
int64_t producer_next(const struct producer *producer);

/* During apply: takes a copy of a record built from the journal's entry at
 * `from`. False: put it into the outbox instead (there is no room, or other
 * records of the topic wait there). */
bool producer_take(struct producer *producer, const struct store_record *record,
		   const struct journal_mark *from);
/* During apply, before a record is put into the outbox: what came before it, and
 * has been taken, goes there first if it may be of the same device. Kafka might
 * refuse it for now, and then it would follow. */
int producer_keep_order(struct producer *producer,
			const struct store_record *record,
			struct ztp_error *error);
/* Must new requests wait in the journal, because so many records are on their
 * way to Kafka that producer_take would refuse the next? *soon: this turn's
 * settle makes room. False if Kafka has stopped taking records. */
bool producer_full(const struct producer *producer, bool *soon);
/* During apply, after producer_apply: the oldest entry that the journal must
 * keep; at most `mark`, the read position. */
struct journal_mark producer_floor(struct producer *producer,
				   const struct journal_mark *mark);

/* Records in the windows that are not settled yet. */
int producer_in_flight(const struct producer *producer);
/* Takes note of the probe's latest: when Kafka is back, or a topic exists or may
 * be used at last, nothing waits out a pause that began before. Returns false if it is older than the news that no
 * broker can be reached. */
bool producer_hear(struct producer *p, const struct probe_status *status);
/* True if a partition has taken nothing for some seconds, though Kafka can be reached:
 * which. */
bool producer_silent(const struct producer *producer, enum store_topic *topic,
		     int *partition);
/* False after a failure, until Kafka accepts a record of that topic again. */
bool producer_ok(const struct producer *producer);

#endif
