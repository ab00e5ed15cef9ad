/*
 * bridge/mqtt/receive.h - messages of the pending topic and of the gate's audit,
 * checked and appended to the journal. In paho's receiving thread, which
 * acknowledges what has been handled: see bridge/mqtt/mqtt_in.h.
 */
#ifndef BRIDGE_MQTT_RECEIVE_H
#define BRIDGE_MQTT_RECEIVE_H

#include "bridge/core/core.h"
#include "bridge/journal/journal.h"
#include "bridge/mqtt/coalesce.h"

#define RECEIVE_RANDOM 238 /* bytes, for seven events */

/* Embedded by its owner; zeroed, then core, journal and the coalesce's two files set. */
struct receiver {
	struct core *core;
	struct journal *journal;
	struct coalesce
		coalesce; /* the loop is woken when there is an entry to read */
	uint8_t *buffer;  /* entries are packed here */
	size_t buffer_size;
	uint8_t random[RECEIVE_RANDOM]; /* the last random_left are unused */
	size_t random_left;
};

/* May wait for more of them (bridge/mqtt/coalesce.h). Durable when it returns; a refused
 * message is kept as a dead letter. Ends the process (exit 1) when the journal
 * cannot take it. */
void receive_message(struct receiver *events, const char *topic,
		     const char *text, size_t len);
void receive_clear(struct receiver *events);

#endif
