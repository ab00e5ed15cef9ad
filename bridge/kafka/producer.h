/*
 * bridge/kafka/producer.h - records to Kafka: from the outbox, and past it.
 *
 * A record stays in the outbox until Kafka has acknowledged it; what fails is
 * handed over again, for ever, with a pause. Each topic has its own bound and
 * its own pause, so that one that is away holds up no other.
 *
 * A record that is made of a journal entry need not go by the outbox: while
 * the journal keeps the entry, the record can be made again. The producer
 * takes it as it is (producer_take), and the journal's files are kept from
 * the oldest such entry on (producer_floor) until Kafka has the record. When
 * that takes longer than a moment, or fails, it moves into the outbox, which
 * may grow; what is kept in memory may not. Loop thread only.
 */
#ifndef BRIDGE_KAFKA_PRODUCER_H
#define BRIDGE_KAFKA_PRODUCER_H

#include "bridge/core/core.h"
#include "bridge/journal/journal.h"
#include "bridge/store/store.h"

/* Who cares what becomes of records. Called during apply, and may write to the
 * store; 0 or a negative error, for which the transaction is rolled back. */
struct producer_user {
	/* Kafka has the record that announced this request. */
	int (*announced)(void *arg, int64_t request, struct ztp_error *error);
	/* This record is too large, by librdkafka's own bound or, a dead letter
	 * alone, by its topic's: what is to be known of it goes another way.
	 * The producer removes it. Views, valid during the call. */
	int (*too_large)(void *arg, const struct store_record *record,
			 struct ztp_error *error);
	void *arg;
};

struct producer;

int producer_new(struct producer **producer, struct core *core,
		 struct store *store, const struct producer_user *user,
		 int wake_fd, struct ztp_error *error);
void producer_free(struct producer *producer);

/* The loop's turn; see bridge.h. */
void producer_collect(struct producer *producer);
int producer_apply(struct producer *producer, struct ztp_error *error);
void producer_settle(struct producer *producer);
/* Back to the commit at which the journal had been read up to mark: what was
 * made of later entries will be made again. */
void producer_rollback(struct producer *producer,
		       const struct journal_mark *mark);
void producer_pump(struct producer *producer);
/* Results stay in the outbox while another bridge reads our decisions: ours is
 * not the one to say what became of them. */
void producer_hold_results(struct producer *producer, bool hold);
/* Spends that time on sending off what has been handed over; the longer time
 * when that was much. False: there was nothing, and no time has passed. */
bool producer_coalesce(struct producer *producer, int ms, int long_ms);
int64_t producer_next(const struct producer *producer);

/* During apply: takes a copy of a record that was made of the journal's entry
 * at `from`. False: into the outbox with it (no room, or others wait there
 * for the same topic). */
bool producer_take(struct producer *producer, const struct store_record *record,
		   const struct journal_mark *from);
/* During apply, after producer_apply: the oldest entry that the journal has to
 * keep, at most `mark`, where reading has come to. */
struct journal_mark producer_floor(struct producer *producer,
				   const struct journal_mark *mark);

/* Records taken up and not yet settled. */
int producer_in_flight(const struct producer *producer);
/* Has Kafka taken a record, or never refused one, lately? */
bool producer_ok(const struct producer *producer);

#endif
