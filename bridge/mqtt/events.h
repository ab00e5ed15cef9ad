/*
 * bridge/mqtt/events.h - messages of the pending topic and of the gate's audit,
 * checked and appended to the journal. In paho's receiving thread, which
 * acknowledges what has been handled: see bridge/mqtt/intake.h.
 */
#ifndef BRIDGE_MQTT_EVENTS_H
#define BRIDGE_MQTT_EVENTS_H

#include "bridge/core/core.h"
#include "bridge/journal/journal.h"
#include "bridge/mqtt/pace.h"

#define EVENTS_RANDOM 238 /* bytes, for seven events */

/* Embedded by its owner; zeroed, then core, journal and the pace's two files set. */
struct events {
	struct core *core;
	struct journal *journal;
	struct pace pace; /* the loop is woken when there is an entry to read */
	uint8_t *buffer;  /* entries are packed here */
	size_t buffer_size;
	uint8_t random[EVENTS_RANDOM]; /* the last random_left are unused */
	size_t random_left;
};

/* May wait for more of them (bridge/mqtt/pace.h). Durable when it returns; a refused
 * message is kept as a dead letter. Ends the process (exit 1) when the journal
 * cannot take it. */
void events_take(struct events *events, const char *topic, const char *text,
		 size_t len);
void events_clear(struct events *events);

#endif
