/* tools/approver/send.h - what run and decide share: a decision goes out. */
#ifndef ZTP_APPROVER_SEND_H
#define ZTP_APPROVER_SEND_H

#include "tools/approver/options.h"

/* ZTP_ERR_FULL: poll the producer and try again. */
int send_answer(rd_kafka_t *producer, const struct options *options,
		const struct ztp_ask *ask, const struct ztp_answer *answer,
		void *opaque, struct ztp_error *error);

/* Says what is wrong on stderr; the exit code that goes with it. */
int report(const struct ztp_error *error);

/* One line on stdout: time, verdict, request, device, fingerprint, rule.
 * False when stdout is gone. */
bool print_answer(const struct ztp_ask *ask, bool approve, const char *rule);

#endif
