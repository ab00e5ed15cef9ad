/*
 * tools/approver/outcome.h - what became of a decision: the first record of the
 * results topic that names the decision's position.
 */
#ifndef ZTP_APPROVER_OUTCOME_H
#define ZTP_APPROVER_OUTCOME_H

#include "tools/approver/options.h"

/* Exit codes of decide, beside those of every tool. */
#define EXIT_OTHER     3 /* the decision had another outcome than it asked for */
#define EXIT_NO_RESULT 4

struct outcomes;

/* Looks at the topic before the decision is sent, so that no result is missed.
 * Returns after the topic has been found, or at the deadline (ztp_clock_boot)
 * or a signal, which outcomes_wait then reports. NULL: *error says why. */
struct outcomes *outcomes_open(const struct options *options, int64_t deadline,
			       struct ztp_error *error);
/* Waits for the result of the decision at that position of the topic, prints it, and returns
 * the exit code. */
int outcomes_wait(struct outcomes *outcomes, const char *topic,
		  int32_t partition, int64_t offset, int64_t deadline);
/* The same for the next result of a decision of which mine says that it waits for
 * it. With --all, the line names the request. */
typedef bool outcome_filter(void *opaque, struct ztp_str topic,
			    int32_t partition, int64_t offset);
int outcomes_next(struct outcomes *outcomes, outcome_filter *mine, void *opaque,
		  int64_t deadline);
void outcomes_close(struct outcomes *outcomes); /* NULL-safe */

#endif
