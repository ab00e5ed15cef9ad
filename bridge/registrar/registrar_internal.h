/*
 * bridge/registrar/registrar_internal.h - what registrar.c (the connection, and what is
 * asked) and registrar_answers.c (what is answered) share.
 */
#ifndef BRIDGE_REGISTRAR_REGISTRAR_INTERNAL_H
#define BRIDGE_REGISTRAR_REGISTRAR_INTERNAL_H

#include "bridge/registrar/control.h"
#include "bridge/registrar/registrar.h"

#define REGISTRAR_WINDOW	 128
#define REGISTRAR_SUBSCRIBED_MAX 1024

struct op {
	int64_t n; /* 0: free */
	enum registrar_question kind;
	char correlation[CONTROL_CORRELATION];
	int64_t by; /* the answer is awaited until */
	bool done;
	struct control_answer answer;
};

struct id_list {
	char (*ids)[ZTP_REQUEST_ID_MAX + 1];
	size_t count;
};

struct registrar {
	struct core *core;
	struct store *store;
	struct mqtt_out *mqtt_out;
	struct mqtt_out_user user;
	struct op ops[REGISTRAR_WINDOW];
	int busy;
	struct registrar_subscription
		*subscribed; /* of REGISTRAR_SUBSCRIBED_MAX */
	size_t subscribed_count;
	struct id_list staged, acks; /* of ACKS_MAX */
	bool connected, informed, agrees, denied;
	bool absent; /* what the store says of devices being there is old */
	int64_t next_info;
	int64_t hold_until; /* nothing is sent before: the gate refused us */
	bool asking;	    /* waiting devices are still to be asked about: */
	int64_t ask_after;  /* those of later rows */
};

/* The connection is there; or lost. */
void registrar_connected(struct registrar *registrar);
void registrar_disconnected(struct registrar *registrar);
/* A publish to the gate was refused with this reason code. */
void registrar_denied(struct registrar *registrar, int reason_code);
void registrar_free_op(struct registrar *registrar, struct op *op);

#endif
