/*
 * bridge/life/commands.h - commands to devices, over the mqtt_out. Loop thread only.
 *
 * At most the broker's Receive Maximum of publishes is unacknowledged. Who is
 * next is asked of the store: what was never tried before first, then what is
 * due again, earliest first, at mqtt.retry_rate.
 */
#ifndef BRIDGE_LIFE_COMMANDS_H
#define BRIDGE_LIFE_COMMANDS_H

#include "bridge/life/bridge.h"

/* Joins b->mqtt_out, which must outlive it. */
int commands_new(struct commands **commands, struct bridge *b,
		 struct ztp_error *error);
void commands_free(struct commands *commands);

/* The steady time at which something is to be published next, 0: nothing. */
int64_t commands_due(const struct commands *commands);

/* The loop's turn; see bridge.h. What is collected comes by mqtt_out_turn. */
int commands_apply(struct commands *commands, struct ztp_error *error);
void commands_settle(struct commands *commands);
/* Publishes what is owed. */
void commands_pump(struct commands *commands);

/* Publishes that wait for their PUBACK. */
int commands_in_flight(const struct commands *commands);
/* Does something wait for room among them? */
bool commands_pressed(const struct commands *commands);
/* True while one of request row n is among them. */
bool commands_busy(const struct commands *commands, int64_t n);

#endif
