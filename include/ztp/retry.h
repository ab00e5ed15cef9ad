/*
 * ztp/retry.h - when to try again what has failed. Everything that is retried
 * takes its pauses from here: connections, records, questions, registrations
 * and commands.
 *
 * Pure: the time and the randomness are arguments. Times are ms of whatever
 * clock the caller uses. Any thread, but one at a time for each ztp_retry.
 */
#ifndef ZTP_RETRY_H
#define ZTP_RETRY_H

#include <stdbool.h>
#include <stdint.h>

/* The pause after the first failure is first_ms; each further one doubles it
 * up to max_ms. With early_tries > 0 the pauses stay at early_max_ms until
 * there have been that many tries, and only then grow on to max_ms. */
struct ztp_retry_pace {
	int64_t first_ms, max_ms;
	int64_t early_max_ms;
	int early_tries;
};

/* Something that is retried. {0} is one that has not failed yet. */
struct ztp_retry {
	int tries;  /* that have failed since the last success */
	int64_t at; /* not before this time again */
};

/* The pause after the tries-th failure (1 is the first), between 3/4 and 5/4
 * of the pace's: what failed together is not all tried again together. */
int64_t ztp_retry_pause(const struct ztp_retry_pace *pace, int tries,
			uint32_t random);

/* A try has failed: counts it and sets the time of the next. */
void ztp_retry_failed(struct ztp_retry *retry,
		      const struct ztp_retry_pace *pace, int64_t now,
		      uint32_t random);

/* A try has succeeded: the next failure is a first one. */
void ztp_retry_succeeded(struct ztp_retry *retry);

/* May it be tried at this time? */
bool ztp_retry_due(const struct ztp_retry *retry, int64_t now);

#endif
