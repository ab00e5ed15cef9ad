/*
 * bridge/life/command_send.h - makes the command that is owed to a device, as
 * the envelope or raw, and hands it to the connection. commands.h decides which
 * and when.
 */
#ifndef BRIDGE_LIFE_COMMAND_SEND_H
#define BRIDGE_LIFE_COMMAND_SEND_H

#include "bridge/life/bridge.h"

struct command_sent {
	int mid;     /* under which its PUBACK comes */
	size_t size; /* bytes, of the whole PUBLISH */
};

/* Returns 0 if it is in flight, 1 if this is not possible now, or a negative
 * error. ZTP_ERR_VALUE: it can never be sent. ZTP_ERR_EMPTY: it is raw, and its
 * payload has been erased. sent->size is set as soon as it is known. */
int command_send(struct bridge *b, const struct store_request *r,
		 struct command_sent *sent, struct ztp_error *error);

#endif
