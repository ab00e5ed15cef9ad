/*
 * tools/serve/waits.h - requests whose decision is on its way. Each ends with
 * the result of that very decision; or when its time is over, with 202 if Kafka
 * has the decision.
 */
#ifndef ZTP_SERVE_WAITS_H
#define ZTP_SERVE_WAITS_H

#include "tools/serve/server.h"

/* Suspends the call. Its event, digest, id, omnicore and deadline are set. */
void waits_park(struct call *call);
/* May no more wait? */
bool waits_full(const struct server *server);
/* Is this the call's decision? If not, its key was used for another one. */
bool waits_same(const struct call *call, const uint8_t digest[ZTP_SHA256_LEN],
		const char *request_id);
struct reply waits_other_decision(void);
/* The answer of a decision that has its result. */
struct reply waits_answer(const struct call *call,
			  const struct decided *decided);
/* A decision has its result: world_settings.on_answer. */
void waits_on_answer(void *server, const struct decided *decided);
/* A decision has been read: world_settings.on_read. */
void waits_on_read(void *server, const struct key *event);
/* Kafka has a decision, or not: world_settings.on_stored. */
void waits_on_stored(void *server, void *under_way, int fault);
/* Its topic takes smaller ones only, so it is of no use to send it again. */
struct reply waits_too_large(void);
/* Ends those whose time is over; while the server ends, all whose decisions
 * Kafka has. Returns when to call it next; INT64_MAX: never. */
int64_t waits_end_late(struct server *server, int64_t now);
/* The call is answered, or given up. */
void waits_forget(struct call *call);
/* Answers all that are left, before the end. */
void waits_end_all(struct server *server);

#endif
