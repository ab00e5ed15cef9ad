/*
 * bridge/life/commands.h - commands to devices, over mqtt_out. Loop thread
 * only.
 *
 * The number of unacknowledged publishes is at most the broker's Receive
 * Maximum. The store tells which command is next: first those that have never
 * been tried, then those that are due again, earliest first, limited by
 * mqtt.retry_rate.
 */
#ifndef BRIDGE_LIFE_COMMANDS_H
#define BRIDGE_LIFE_COMMANDS_H

#include "bridge/life/bridge.h"

/* Joins b->mqtt_out, which must outlive the commands. */
int commands_new(struct commands **commands, struct bridge *b,
		 struct ztp_error *error);
void commands_free(struct commands *commands);

/* The steady time at which something must be published next; 0: nothing. */
int64_t commands_due(const struct commands *commands);

/* The phases of the loop's turn, see bridge.h. mqtt_out_turn collects. */
int commands_apply(struct commands *commands, struct ztp_error *error);
void commands_settle(struct commands *commands);
/* Publishes the commands that are owed. */
void commands_pump(struct commands *commands);

/* Publishes that have not been settled yet. */
int commands_in_flight(const struct commands *commands);
/* May another one be published now, as far as the broker allows? */
bool commands_have_room(const struct commands *commands);
/* Is there an unsettled publish of request row n? */
bool commands_busy(const struct commands *commands, int64_t n);

#endif
