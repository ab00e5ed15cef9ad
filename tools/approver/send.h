/* tools/approver/send.h - making and sending decisions, for all commands. */
#ifndef ZTP_APPROVER_SEND_H
#define ZTP_APPROVER_SEND_H

#include "tools/approver/options.h"

/* What the rules or the options say about a request; it points into both. */
void answer_for(struct ztp_answer *answer, const struct options *options,
		const struct ztp_ask *ask);

/* The same with --approve or --reject, which is one person's decision. */
void answer_by_hand(struct ztp_answer *answer, const struct options *options);

/* The topic for the request's decision: what --decisions says, or the request. */
const char *decisions_wanted(const struct options *options,
			     const struct ztp_ask *ask);
/* The same. If they differ it is said, once. */
const char *decisions_of(const struct options *options,
			 const struct ztp_ask *ask);

/* ZTP_ERR_FULL: poll the producer and try again. */
int send_answer(rd_kafka_t *producer, const struct options *options,
		const struct ztp_ask *ask, const struct ztp_answer *answer,
		void *opaque, struct ztp_error *error);

/* Reports the error on stderr. Returns the exit code for it. */
int report(const struct ztp_error *error);

#define ANSWER_LINE_MAX 2048

/* Writes one line: time, verdict, request, device, fingerprint, rule. Returns
 * its length. */
size_t answer_line(char out[ANSWER_LINE_MAX], const struct ztp_ask *ask,
		   const char *verdict, const char *rule);

#endif
