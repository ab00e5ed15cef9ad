/*
 * tools/approver/ended.h - which requests need no decision any more: those that
 * ztp.results has the end or the decision of, and those that have expired. Of a
 * very long topic the oldest ends are forgotten: to decide such a request again
 * has no effect.
 */
#ifndef ZTP_APPROVER_ENDED_H
#define ZTP_APPROVER_ENDED_H

#include "tools/approver/options.h"
#include "tools/common/id_set.h"

/* Reads the topic of results from its beginning to its end. Without such a
 * topic, or the right to read it, a warning says that nothing is known of ends.
 * NULL: *error says why; interrupted (ZTP_ERR_IO) if a signal came or deadline
 * (ztp_clock_boot; 0: none) is over. The caller frees it. */
struct ztp_id_set *ended_load(const struct options *options, int64_t deadline,
			      struct ztp_error *error);
/* True for a request that has ended, was decided in the topic that it names now,
 * or expired before now_ms (wall clock). ended may be NULL: nothing has ended. */
bool ended_is(const struct ztp_id_set *ended, const struct options *options,
	      const struct ztp_ask *ask, int64_t now_ms);

#endif
