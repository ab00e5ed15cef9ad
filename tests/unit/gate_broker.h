/*
 * tests/unit/gate_broker.h - the broker's side of the plugin interface, as
 * far as the gate uses it: clients made by the test, events sent by it, and
 * what the gate publishes, kicks and renames kept to be looked at. It plays
 * Mosquitto 2.0 or 2.1, which differ in the events that end a session and in
 * what a reload may be answered.
 */
#ifndef ZTP_TESTS_GATE_BROKER_H
#define ZTP_TESTS_GATE_BROKER_H

#include "gate/broker_api.h"

struct mosquitto {
	char *id, *username, *password; /* owned */
	const char *address;
	int version;	  /* 4, 5; 0: restored from the broker's file */
	bool clean_start; /* else the session is kept */
	int sub_count;
	bool online;
	bool away; /* kept, without a connection */
	bool kicked;
};

struct gate_message {
	char *client_id, *topic, *payload; /* owned; client_id may be NULL */
	int qos;
};

#define GATE_MESSAGES 4096

struct gate_broker {
	bool is_2_1; /* stays as it is over a reset */
	struct gate_message messages[GATE_MESSAGES];
	size_t count;
	char log[8192];
};

/* One per process: the plugin interface has no place for another. */
extern struct gate_broker gate_broker;

void gate_broker_reset(void); /* messages, log, clients */

struct mosquitto *gate_client(const char *id, const char *username,
			      const char *password, int version);
/* The broker frees a client without a word: one that never got in, or whose
 * session has expired. */
void gate_client_forget(struct mosquitto *client);
/* `of`'s credentials to `client`, as when the broker gives the memory of one
 * connection to the next. */
void gate_client_swap(struct mosquitto *client, struct mosquitto *of);
/* BASIC_AUTH as for a new connection; unless refused, other clients of the id
 * are disconnected, as the broker does it. Returns what the plugin said. */
int gate_connect(struct mosquitto *client);
/* After BASIC_AUTH: somebody else has refused it, and it is gone. */
void gate_refuse(struct mosquitto *client);
/* BASIC_AUTH alone: what SIGHUP does. */
int gate_auth(struct mosquitto *client);
/* The connection ends; with the event that this release has for it. */
void gate_disconnect(struct mosquitto *client);
int gate_acl(struct mosquitto *client, int access, const char *topic,
	     bool retain);
void gate_control(struct mosquitto *client, const char *json);
void gate_tick(void);
void gate_reload(void);

/* The payload of the newest message on a topic that holds `needle` (NULL:
 * any), or NULL. */
const char *gate_published(const char *topic, const char *needle);
size_t gate_published_count(const char *topic, const char *needle);

#endif
