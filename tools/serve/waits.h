/*
 * tools/serve/waits.h - requests whose decision is on its way. Each ends with
 * the result of that very decision; or when its time is over, with 202 if Kafka
 * has the decision.
 */
#ifndef ZTP_SERVE_WAITS_H
#define ZTP_SERVE_WAITS_H

#include "tools/serve/server.h"

/* Suspends the call. Its event, digest, id, omnicore, deadline and sent are
 * set. */
void waits_park(struct call *call);
/* The answer of a decision that has its result. */
struct reply waits_answer(const struct call *call,
			  const struct decided *decided);
/* A decision has its result: world_settings.on_answer. */
void waits_on_answer(void *server, const struct decided *decided);
/* Kafka has a decision, or not: world_settings.on_stored. */
void waits_on_stored(void *sent, bool stored);
/* Ends those whose time is over. Returns when to call it next; INT64_MAX:
 * never. */
int64_t waits_end_late(struct server *server, int64_t now);
/* The call is answered, or given up. */
void waits_forget(struct call *call);
/* Answers all, before the end. */
void waits_end_all(struct server *server);

#endif
