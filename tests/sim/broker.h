/*
 * tests/sim/broker.h - the played Mosquitto: the bridge's two connections, the
 * persistent session of the first, and what is published on either side. It
 * outlives the bridge. As strict as the real one where it matters
 * (MOSQUITTO.md): max_inflight_messages of 20, what was not acknowledged comes
 * again with DUP at the next connection, a client id that comes a second time
 * takes over, 0x10 when nobody is subscribed, QoS 0 is lost with a connection,
 * what is beyond max_queued_messages is dropped and acknowledged all the same,
 * and without persistence a kill -9 takes sessions and messages with it. Each
 * direction of a connection keeps its order.
 */
#ifndef TESTS_SIM_BROKER_H
#define TESTS_SIM_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BROKER_INFLIGHT 20
#define TAKEN_OVER	0x8e

struct process;

struct publish {
	const char *topic;
	char *payload;
	size_t len;
	int tag; /* what it is about: world.h */
	bool sent, dup;
	struct publish *next;
};

/* A packet to the second connection. */
enum packet_type {
	PACKET_CONNACK,
	PACKET_PUBACK,
	PACKET_SUBACK,
	PACKET_PUBLISH,
	PACKET_END
};

struct packet {
	enum packet_type type;
	int mid, code;
	struct publish *publish;
	struct packet *next;
};

void broker_begin(void);
bool broker_answers(void);
bool broker_reaches(const struct process *of);
int64_t broker_latency(void);

/* --- the first connection (paho.c): 0, or the connection's number. */
/* of: whose it is. One with that id is taken over. */
int64_t broker_in_connect(struct process *of);
void broker_in_subscribe(int64_t conn);
void broker_in_leave(int64_t conn);
void broker_in_puback(int64_t conn, struct publish *publish);
void paho_forget(void); /* the process is no more */
void paho_deliver(int64_t conn, struct publish *publish);
void paho_lost(struct process *of, int64_t conn, int code);

/* --- the second (mosquitto.c) */
/* stands_by: under a name of its own, for nothing but to see whether it can. */
int64_t broker_out_connect(struct process *of, bool stands_by);
void mosquitto_forget(void); /* the process is no more */
void broker_out_leave(int64_t conn);
void broker_out_subscribe(int64_t conn, int mid, const char *filter, int qos);
void broker_out_publish(int64_t conn, int mid, const char *topic,
			const void *payload, size_t len);
void mosquitto_packet(struct process *of, int64_t conn, struct packet *packet);

/* --- the world's side */
/* False: there is no session to keep it. */
bool broker_offer(const char *topic, const char *payload, size_t len, int tag);
void broker_tell(const char *topic, const char *payload, size_t len, int qos);
bool broker_has_session(void);
int broker_queued(void);
/* What goes wrong. */
void broker_lose(bool in, int code); /* one of the two connections */
void broker_go_away(int64_t us);
void broker_forget(void);	  /* killed: back at once, without sessions */
void broker_fill(int64_t us);	  /* each publish to it ends a connection */
void broker_lose_acks(bool lose); /* of the first one, until it is lost */
void broker_client_killed(void);  /* its sockets are closed, in a moment */

/* Of this process nothing gets through from now on, in so far as it says; the
 * broker misses it only when somebody comes under its name. */
void broker_cut(struct process *of);

/* Told of commands to devices, of what the bridge has acknowledged, and of what
 * the broker has acknowledged and forgotten. Returns the PUBACK's reason code. */
int world_command(const char *topic, const char *payload, size_t len);
/* Does a command on this topic end the connection? */
bool world_is_poison(const char *topic);
void world_owned(int tag);
/* The bridge whose code runs says something, or connects. */
void world_spoken(void);
void world_forgotten(int tag);
/* gate_control.c */
void gate_command(const char *payload, size_t len);

#endif
