/*
 * gate/send.h - hands a message to the broker, which sends it in the next turn
 * of its loop, to those who have subscribed by then.
 */
#ifndef ZTP_GATE_SEND_H
#define ZTP_GATE_SEND_H

#include <cjson/cJSON.h>
#include <stdbool.h>

struct ztp_gate;
typedef struct mqtt5__property mosquitto_property;

/* Publishes object as JSON and frees it; NULL counts as out of memory. With
 * client_id the message goes to that client only, if it has subscribed; with
 * NULL, to all who may read it. The broker takes over the properties. False:
 * nothing was published, which has been logged. */
bool ztp_send_json(struct ztp_gate *gate, const char *client_id,
		   const char *topic, cJSON *object, int qos,
		   mosquitto_property *properties);

/* The same with a text, which stays the caller's. */
bool ztp_send_text(struct ztp_gate *gate, const char *client_id,
		   const char *topic, const char *text, size_t len, int qos,
		   mosquitto_property *properties);

#endif
