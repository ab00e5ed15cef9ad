/*
 * gate/answers.h - bounds what a device may publish on its own
 * events/provisioning. The bridge reads that topic of all devices, and the
 * broker queues for the bridge what it cannot send at once: one device that
 * floods its topic would fill the broker's memory and the bridge's time. What a
 * device publishes elsewhere is not looked at. Broker thread only.
 */
#ifndef ZTP_GATE_ANSWERS_H
#define ZTP_GATE_ANSWERS_H

#include "gate/gate.h"

/* NULL: no memory. */
struct ztp_throttle *ztp_answers_new(void);

/* May this session publish so many bytes on this topic? Takes a token if the
 * topic is the one for answers. A refusal is audited, at most once a minute and
 * session. */
bool ztp_answers_allow(struct ztp_gate *gate, struct ztp_session *session,
		       const char *topic, uint32_t len);

#endif
