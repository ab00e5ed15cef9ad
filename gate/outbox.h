/*
 * gate/outbox.h - messages that say what is in the database, until it is
 * durable. They go out in the order in which they were put in, all of one
 * commit together.
 */
#ifndef ZTP_GATE_OUTBOX_H
#define ZTP_GATE_OUTBOX_H

#include "gate/gate.h"

struct cJSON;

/* Publishes object as JSON to all who may read the topic, now if all that was
 * written is durable, otherwise as soon as it is. Frees object; NULL counts as
 * out of memory. False: it will not be published. topic is static. */
bool ztp_outbox_put(struct ztp_gate *gate, const char *topic,
		    struct cJSON *object, int qos);

/* Of an answer to commands: on which commit each response hangs. NULL: all on the
 * newest. */
void ztp_outbox_answer(struct ztp_gate *gate, struct cJSON *answer,
		       const uint64_t *groups, size_t count);

/* Called from TICK, after the commit: publishes what may be. What follows an answer
 * that is too long for one turn waits for it. */
void ztp_outbox_tick(struct ztp_gate *gate);

/* The commits after `kept` are lost. Of what waits for them, commands are
 * answered UNAVAILABLE, what is true all the same still goes out, and the rest
 * is dropped. After the sessions have been ended. */
void ztp_outbox_lost(struct ztp_gate *gate, uint64_t kept);

/* Of such an answer: what says OK says UNAVAILABLE, where it hangs on what is lost.
 * responses: the list. groups: as above; NULL: all of it is lost. */
void ztp_outbox_spoil(struct cJSON *responses, const uint64_t *groups,
		      uint64_t kept);
void ztp_outbox_spoil_one(struct cJSON *response);

void ztp_outbox_clear(struct ztp_outbox *outbox);

#endif
