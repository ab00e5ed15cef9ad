/*
 * bridge/mqtt/unacked.h - the publishes of one connection that the broker has
 * not acknowledged, in the order in which they were made.
 *
 * libmosquitto sends as many as the broker's Receive Maximum allows and keeps
 * the others until a PUBACK makes room. So the time of a publish counts from
 * when there was room for it, not from when it was made.
 */
#ifndef BRIDGE_MQTT_UNACKED_H
#define BRIDGE_MQTT_UNACKED_H

#include <stdbool.h>
#include <stdint.h>

#define UNACKED_MAX 1024 /* a power of two */

struct unacked {
	struct unacked_publish {
		int mid; /* 0: acknowledged */
		int64_t sent_at;
	} ring[UNACKED_MAX];
	uint32_t head, sent, tail; /* counted on; the sent are before `sent` */
	int in_flight, window;
};

/* A new connection; window: the broker's Receive Maximum. */
void unacked_reset(struct unacked *unacked, int window);
/* False: there is no room, and nothing more may be published now. */
bool unacked_has_room(const struct unacked *unacked);
void unacked_add(struct unacked *unacked, int mid, int64_t now);
void unacked_remove(struct unacked *unacked, int mid, int64_t now);

/* When the oldest of those in flight was sent; 0: none is. */
int64_t unacked_since(const struct unacked *unacked);

#endif
