/*
 * bridge/events.h - messages of the pending topic and of the gate's audit,
 * checked and appended to the journal. In paho's receiving thread, which
 * acknowledges what has been handled: see bridge/intake.h.
 */
#ifndef BRIDGE_EVENTS_H
#define BRIDGE_EVENTS_H

#include "bridge/bridge.h"

#define EVENTS_AUDIT_TOPIC "ztp/v1/audit"

/* Embedded by its owner; zeroed, then b and work_fd set. */
struct events {
	struct bridge *b;
	int work_fd;	 /* written when there is an entry to read */
	uint8_t *buffer; /* entries are packed here */
	size_t buffer_size;
};

/* Durable when it returns; a refused message is kept as a dead letter. Ends
 * the process (exit 1) when the journal cannot take it. */
void events_take(struct events *events, const char *topic, const char *text,
		 size_t len);
void events_clear(struct events *events);

#endif
