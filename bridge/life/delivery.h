/*
 * bridge/life/delivery.h - delivers the commands that are owed: applies the
 * result of a publish, a report of the gate or a deadline. Loop thread, during
 * apply. Returns 0 or a negative error.
 */
#ifndef BRIDGE_LIFE_DELIVERY_H
#define BRIDGE_LIFE_DELIVERY_H

#include "bridge/life/bridge.h"

/* The result of one publish. */
enum delivery_fate {
	DELIVERY_TAKEN,		/* PUBACK: the broker accepted it */
	DELIVERY_NO_SUBSCRIBER, /* PUBACK 0x10 */
	DELIVERY_REFUSED,	/* PUBACK with an error */
	DELIVERY_ERASED, /* not published: nothing is left of its payload */
};

/* The meaning of a PUBACK's reason code. Below 0x80 MQTT 5 defines only 0
 * and 0x10, but every code below is a success: some brokers answer with
 * the QoS, 1. */
enum delivery_fate delivery_fate_of(int reason_code);

int delivery_done(struct bridge *b, int64_t n, enum delivery_fate fate,
		  int reason_code, struct ztp_error *error);

/* Delivers the stored approval of an ended request once more. */
int delivery_again(struct bridge *b, struct store_request *r,
		   struct ztp_error *error);

/* The device of a live request has come back: if a command waits for it, it is
 * tried again soon, within the shared rate. */
int delivery_knocked(struct bridge *b, struct store_request *r,
		     struct ztp_error *error);

/* The gate reports that a client with this certificate's key (NULL: not
 * known) has subscribed to the path's command topic: the device, or a held
 * candidate. */
int delivery_subscribed(struct bridge *b, const char *path,
			const uint8_t *fingerprint, bool held,
			struct ztp_error *error);

/* The gate reports whether it holds the candidate that r's notice is for, and
 * whether that candidate has subscribed. */
int delivery_held(struct bridge *b, struct store_request *r, bool held,
		  bool subscribed, struct ztp_error *error);

/* The gate reports that the device of r, which was registered, no longer
 * exists: whatever is still owed to it is dropped. */
int delivery_gone(struct bridge *b, struct store_request *r,
		  struct ztp_error *error);

/* What row n owes is the gate's, and mqtt.registrar is `none` by now. */
int delivery_no_gate(struct bridge *b, int64_t n, struct ztp_error *error);

/* The deadline of r has passed after its decision. queued: the notice owed to
 * its device has not been given to the broker yet. */
int delivery_due(struct bridge *b, struct store_request *r, bool queued,
		 struct ztp_error *error);

#endif
