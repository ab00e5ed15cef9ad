/*
 * bridge/life/answers.h - the devices' own answers to their commands, on
 * {device_path}/events/provisioning. Loop thread only.
 *
 * They are always listened to, whatever mqtt.delivery_ack says. Anything may
 * come there, as often as a device likes: what is unreadable is passed on as
 * such, and a device that says more than anybody needs is not listened to for a
 * while. It costs a look at its topic then, and no line in the log.
 */
#ifndef BRIDGE_LIFE_ANSWERS_H
#define BRIDGE_LIFE_ANSWERS_H

#include "bridge/life/bridge.h"
#include "bridge/life/contacts.h"

struct answers;

int answers_new(struct answers **answers, struct bridge *b,
		struct ztp_error *error);
void answers_free(struct answers *answers); /* accepts NULL */

/* Connected: subscribes. */
void answers_up(struct answers *answers);
/* A message; false: its topic is not one of a device's answers. */
bool answers_message(struct answers *answers, const char *topic,
		     const char *text, size_t len);

/* The phases of the loop's turn, see bridge.h. */
int answers_apply(struct answers *answers, const struct contacts_sender *sender,
		  struct ztp_error *error);
void answers_settle(struct answers *answers);

#endif
