/*
 * bridge/life/delivery.h - from a command that is owed to a device that has it:
 * what the outcome of a publish, a device's answer or a deadline means. Loop
 * thread, during apply. 0 or a negative error.
 */
#ifndef BRIDGE_LIFE_DELIVERY_H
#define BRIDGE_LIFE_DELIVERY_H

#include "bridge/life/bridge.h"

/* What became of one publish. */
enum delivery_fate {
	DELIVERY_TAKEN,		/* PUBACK: the broker gave it to somebody */
	DELIVERY_NO_SUBSCRIBER, /* PUBACK 0x10 */
	DELIVERY_REFUSED,	/* PUBACK with an error */
};

/* What the reason code of a PUBACK says. MQTT 5 has 0 and 0x10 below 0x80, but
 * a success is whatever is below: some brokers answer the QoS, 1. */
enum delivery_fate delivery_fate_of(int reason_code);

int delivery_done(struct bridge *b, int64_t n, enum delivery_fate fate,
		  int reason_code, struct ztp_error *error);

/* The retained approval of an ended request, once more. */
int delivery_again(struct bridge *b, struct store_request *r,
		   struct ztp_error *error);

/* The device of a live request has come back: a command that waits for it is
 * tried again soon, by the shared rate. */
int delivery_knocked(struct bridge *b, struct store_request *r,
		     struct ztp_error *error);

/* The device's own answer, on the topic of this path (delivery_ack: device).
 * One that is lost with the process is no harm: the command is said again,
 * and answered again. */
int delivery_applied(struct bridge *b, const char *path,
		     const struct ztp_applied *applied,
		     struct ztp_error *error);

/* The gate says that somebody has subscribed to the command topic of a path,
 * under the key of this certificate (NULL: not said): the device, or a new one
 * that is held. */
int delivery_subscribed(struct bridge *b, const char *path,
			const uint8_t *fingerprint, bool held,
			struct ztp_error *error);

/* The gate says whether it holds the new device that r's notice is for, and
 * whether that has subscribed. */
int delivery_held(struct bridge *b, struct store_request *r, bool held,
		  bool subscribed, struct ztp_error *error);

/* The gate says that the device of r, which was registered, is not there any
 * more: what is still kept for it is for nobody. */
int delivery_gone(struct bridge *b, struct store_request *r,
		  struct ztp_error *error);

/* The deadline of r, whose customer has decided, has passed. queued: what is
 * owed to its device has not been handed to the broker yet. */
int delivery_due(struct bridge *b, struct store_request *r, bool queued,
		 struct ztp_error *error);

#endif
