/*
 * bridge/mqtt/receive.h - checks messages of the pending topic and of the
 * gate's audit topic and appends them to the journal. Runs in paho's receiving
 * thread, which acknowledges a message when its callback returns: see
 * bridge/mqtt/mqtt_in.h.
 */
#ifndef BRIDGE_MQTT_RECEIVE_H
#define BRIDGE_MQTT_RECEIVE_H

#include "base/random.h"
#include "bridge/core/core.h"
#include "bridge/journal/journal.h"
#include "bridge/mqtt/coalesce.h"

/* Embedded in its owner's struct: zero it, then set core, journal and the
 * file descriptor of coalesce. */
struct receiver {
	struct core *core;
	struct journal *journal;
	struct coalesce coalesce; /* wakes the loop when there is an entry */
	uint8_t *buffer;	  /* entries are packed here */
	size_t buffer_size;
	struct ztp_random_store random; /* for ids and traces */
};

/* May wait for more messages (bridge/mqtt/coalesce.h). The message is durable
 * when this returns; a refused one is kept as a dead letter. Ends the process
 * (exit 1) when the journal cannot take it. */
void receive_message(struct receiver *receiver, const char *topic,
		     const char *text, size_t len);
void receive_clear(struct receiver *receiver);

#endif
