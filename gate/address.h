/*
 * gate/address.h - a client's address as the broker tells it, made fit to be told
 * on. From Mosquitto 2.0.15 on, that of a WebSockets client is what its
 * X-Forwarded-For says: any bytes, and anybody's address.
 */
#ifndef ZTP_GATE_ADDRESS_H
#define ZTP_GATE_ADDRESS_H

#include "gate/throttle.h"

struct mosquitto;

#define ZTP_ADDRESS_MAX 64

/* Printable ASCII; "" if the broker does not know. */
void ztp_address_of(char text[ZTP_ADDRESS_MAX + 1],
		    const struct mosquitto *client);
/* Whom it is counted for. What WebSockets clients say is never taken for the
 * address of another client. */
void ztp_address_source(struct ztp_throttle_source *source,
			const struct mosquitto *client, const char *text);

#endif
