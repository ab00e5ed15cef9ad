/*
 * bridge/life/records.h - writes the bridge's Kafka records into the store's
 * outbox. Loop thread, during apply. Returns 0 or a negative error.
 */
#ifndef BRIDGE_LIFE_RECORDS_H
#define BRIDGE_LIFE_RECORDS_H

#include "bridge/journal/journal_entry.h"
#include "bridge/kafka/consumer.h"
#include "bridge/life/bridge.h"

/* ztp.requests: asks the customer about r, or asks again. cert describes the
 * certificate; contenders is the number of live requests of the path,
 * including r. from: the journal entry from which the record can be rebuilt,
 * so that it need not go through the outbox; or NULL: it must. */
int records_request(struct bridge *b, const struct store_request *r,
		    const struct ztp_cert *cert, int contenders,
		    const struct journal_mark *from, struct ztp_error *error);

/* The outcome of a request, or of a decision without effect. */
struct records_outcome {
	enum ztp_outcome outcome;
	const char *message;
	enum ztp_delivery delivery; /* of an onboarding; else NONE */
	const char *traceparent;    /* "" if there is no trace yet */
	/* Position of the record that caused it; NULL, or its topic is NULL, if
	 * there was none. */
	const struct ztp_position *decision;
	const struct store_request *r; /* NULL: unknown request */
	/* Of an unknown request: its id and path as the decision names them
	 * (path "" if it does not), and the decision's key. */
	const char *id, *path;
	struct ztp_str key;
};

/* ztp.results. */
int records_result(struct bridge *b, const struct records_outcome *what,
		   struct ztp_error *error);

/* The same of a decision without effect. Whoever may decide can cause as many of
 * these as he likes, and while Kafka does not take results they would fill the
 * disk, or stop the intake of everybody. So beyond this number of results that
 * wait they are dropped and counted, and nothing else is. */
#define RECORDS_NO_EFFECT_MAX 50000

int records_no_effect(struct bridge *b, const struct records_outcome *what,
		      struct ztp_error *error);

/* ztp.dlq: a pending event that was refused. */
int records_dead_pending(struct bridge *b, const struct journal_entry *entry,
			 struct ztp_error *error);

/* ztp.dlq: a decision that cannot be read; the record as received. */
int records_dead_decision(struct bridge *b,
			  const struct consumer_record *record,
			  const struct ztp_error *why, struct ztp_error *error);

/* Writes a dead letter, made by one of the others, or drops and counts it if too
 * many wait for Kafka already. */
int records_dead(struct bridge *b, struct store_record *record,
		 enum tally_dlq metric, struct ztp_error *error);
/* A record is lost, which the log and a metric report. */
void records_drop(struct bridge *b, enum store_topic topic,
		  const struct ztp_error *why);

/* Kafka or librdkafka will never accept this record: a smaller record in
 * ztp.dlq reports that. bridge: a struct bridge *, see producer_user. */
int records_refused(void *bridge, const struct store_record *record,
		    const struct ztp_error *why, struct ztp_error *error);

/* Writes a result or an audit record. A compacted topic takes none without a key.
 * Each of these would cost several bridges some turns, and whoever decides can cause
 * as many as he likes; so for a minute after one was refused no other is tried, and
 * it is a dead letter at once. */
int records_write(struct bridge *b, struct store_record *record,
		  const struct journal_mark *from, struct ztp_error *error);

/* Whoever asks the broker for a connection causes audit records, so there are two
 * that may wait for each request that may be open, and this number more. Beyond
 * that they are dropped and counted, likewise. */
#define RECORDS_AUDIT_MAX 50000

/* ztp.audit: the gate's record, unchanged. `from` is as above; what is read
 * from the journal again is sent again, acknowledged or not. */
int records_audit(struct bridge *b, const struct journal_entry *entry,
		  const struct journal_mark *from, struct ztp_error *error);

#endif
