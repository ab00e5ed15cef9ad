/*
 * tests/unit/gate_broker.h - the broker's side of the plugin interface, as far
 * as the gate uses it. The test makes clients and sends events; what the gate
 * publishes, kicks and renames is recorded for the test to look at. It plays
 * Mosquitto 2.0 or 2.1, which differ in the events that end a session and in
 * the answers that they allow to a reload.
 */
#ifndef ZTP_TESTS_GATE_BROKER_H
#define ZTP_TESTS_GATE_BROKER_H

#include "gate/broker_api.h"

struct mosquitto {
	char *id, *username, *password; /* owned */
	const char *address;
	int version; /* 4 or 5; 0: restored from the broker's file */
	bool websocket;
	bool clean_start; /* otherwise the session is kept */
	int sub_count;
	bool online;
	bool away; /* the session is kept, but not connected */
	bool kicked;
};

struct gate_message {
	char *client_id, *topic, *payload; /* owned; client_id may be NULL */
	int qos;
};

#define GATE_MESSAGES 4096

struct gate_broker {
	bool is_2_1; /* gate_broker_reset does not change it */
	struct gate_message messages[GATE_MESSAGES];
	size_t count;
	const char *refused; /* nothing can be published on this topic */
	char log[8192];
	void (*settle)(void *gate); /* after a tick or a command */
};

/* One per process: the plugin interface allows no other. */
extern struct gate_broker gate_broker;

void gate_broker_reset(void); /* messages, log, clients */

struct mosquitto *gate_client(const char *id, const char *username,
			      const char *password, int version);
/* The broker frees a client without an event: one that was never let in, or
 * whose session has expired. */
void gate_client_forget(struct mosquitto *client);
/* Gives `of`'s credentials to `client`, as when the broker reuses the memory of
 * a connection for the next one. */
void gate_client_swap(struct mosquitto *client, struct mosquitto *of);
/* BASIC_AUTH for a new connection. Unless it is refused, other clients with the
 * id are disconnected, as the broker does. Returns what the plugin returned. */
int gate_connect(struct mosquitto *client);
/* After BASIC_AUTH: another plugin refused the client, and it is gone. */
void gate_refuse(struct mosquitto *client);
/* BASIC_AUTH alone, as on SIGHUP. */
int gate_auth(struct mosquitto *client);
/* The connection ends, with the event that this release sends. */
void gate_disconnect(struct mosquitto *client);
int gate_acl(struct mosquitto *client, int access, const char *topic,
	     bool retain);
/* An access check of a publish of this length. */
int gate_write(struct mosquitto *client, const char *topic, uint32_t len);
void gate_control(struct mosquitto *client, const char *json);
void gate_tick(void);
void gate_reload(void);

/* The payload of the newest message on a topic that contains `needle` (NULL:
 * any); NULL if there is none. */
const char *gate_published(const char *topic, const char *needle);
size_t gate_published_count(const char *topic, const char *needle);

#endif
