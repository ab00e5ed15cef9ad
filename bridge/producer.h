/*
 * bridge/producer.h - from the outbox to Kafka. A record stays in the outbox
 * until Kafka has acknowledged it; what fails is handed over again, for ever,
 * with a pause. Each topic has its own bound and its own pause, so that one
 * that is away holds up no other. Loop thread only.
 */
#ifndef BRIDGE_PRODUCER_H
#define BRIDGE_PRODUCER_H

#include "bridge/bridge.h"

int producer_new(struct producer **producer, struct bridge *b, int wake_fd,
		 struct ztp_error *error);
void producer_free(struct producer *producer);

/* The loop's turn; see bridge.h. */
void producer_collect(struct producer *producer);
int producer_apply(struct producer *producer, struct ztp_error *error);
void producer_settle(struct producer *producer);
void producer_pump(struct producer *producer);
int64_t producer_next(const struct producer *producer);

/* Records handed over and not yet settled. */
int producer_in_flight(const struct producer *producer);
/* Has Kafka taken a record, or never refused one, lately? */
bool producer_ok(const struct producer *producer);

#endif
