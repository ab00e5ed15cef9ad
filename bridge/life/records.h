/*
 * bridge/life/records.h - the Kafka records that the bridge writes, into the
 * outbox of the store. Loop thread, during apply. 0 or a negative error.
 */
#ifndef BRIDGE_LIFE_RECORDS_H
#define BRIDGE_LIFE_RECORDS_H

#include "bridge/journal/journal_entry.h"
#include "bridge/life/bridge.h"

/* ztp.requests: asks the customer about r, or asks again. cert describes the
 * certificate; contenders counts the live requests of the path with r. from:
 * the journal's entry that the record can be made of again, so that it need
 * not be in the outbox; or NULL. */
int records_request(struct bridge *b, const struct store_request *r,
		    const struct ztp_cert *cert, int contenders,
		    const struct journal_mark *from, struct ztp_error *error);

/* What became of a request or of a decision. */
struct records_outcome {
	enum ztp_outcome outcome;
	const char *message;
	const char *traceparent; /* "": nobody began a trace */
	/* Where the decision was read that caused it; NULL, or topic NULL: it
	 * was none. */
	const struct ztp_position *decision;
	const struct store_request *r; /* NULL: the request is not known */
	/* Of a decision whose request is not known: the request that it names,
	 * the path that it names ("": none), its key. */
	const char *id, *path;
	struct ztp_str key;
};

/* ztp.results. */
int records_result(struct bridge *b, const struct records_outcome *what,
		   struct ztp_error *error);

/* ztp.dlq, for a pending event that was refused. */
int records_dead_pending(struct bridge *b, const struct journal_entry *entry,
			 struct ztp_error *error);

/* ztp.dlq, for a decision that cannot be read: the record as it came. */
int records_dead_decision(struct bridge *b, const struct ztp_position *position,
			  struct ztp_str key, struct ztp_str value,
			  const struct ztp_header *headers, size_t count,
			  const struct ztp_error *why, struct ztp_error *error);

/* What Kafka will not take at any time, for its size: a smaller record says so
 * in ztp.dlq. bridge: struct bridge *, see producer_user. */
int records_too_large(void *bridge, const struct store_record *record,
		      struct ztp_error *error);

/* ztp.audit: the gate's record, unchanged. */
int records_audit(struct bridge *b, const struct journal_entry *entry,
		  struct ztp_error *error);

#endif
