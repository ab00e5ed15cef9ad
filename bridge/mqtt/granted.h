/*
 * bridge/mqtt/granted.h - what the broker grants a connection less of than the
 * bridge asks for, in CONNACK and SUBACK. Loop thread only.
 *
 * Each thing is a log event of its own, which is repeated only when the value
 * changes. If the bridge cannot keep its promises with what is left, that is
 * also a problem, which /readyz shows. What the bridge does not use (retained
 * messages, shared subscriptions, subscription identifiers, topic aliases) is
 * not looked at.
 */
#ifndef BRIDGE_MQTT_GRANTED_H
#define BRIDGE_MQTT_GRANTED_H

#include <stddef.h>

#include "bridge/core/core.h"

/* The properties of a CONNACK. -1: not given, so all that was asked for is
 * granted; and in what was asked: not asked for. MQTT 3.1.1 has none. */
struct connack {
	int64_t maximum_qos;
	int64_t session_expiry; /* s; UINT32_MAX: never */
	int64_t keepalive;	/* s */
	int64_t receive_maximum;
	int64_t packet_size;
	bool no_wildcards; /* in subscriptions */
	bool session_present;
};

#define CONNACK_NOTHING                                                        \
	{                                                                      \
		.maximum_qos = -1, .session_expiry = -1, .keepalive = -1,      \
		.receive_maximum = -1, .packet_size = -1                       \
	}

enum granted_kind {
	GRANTED_QOS,
	GRANTED_SESSION_EXPIRY,
	GRANTED_KEEPALIVE,
	GRANTED_RECEIVE_MAXIMUM,
	GRANTED_PACKET_SIZE,
	GRANTED_KINDS
};

#define GRANTED_TEXT 96

struct granted {
	const char *connection;	     /* "in" or "out" */
	int64_t said[GRANTED_KINDS]; /* as last logged; -1: not yet */
	char problem[GRANTED_TEXT];  /* with this CONNACK; "" for none */
};

/* What the bridge needs of a subscription to keep its promises. */
enum granted_need { NEED_NOTHING, NEED_SUBSCRIPTION, NEED_QOS_1 };

struct granted_filter {
	const char *filter;
	int qos; /* asked for */
	enum granted_need need;
	int said; /* granted, as last logged; -1: not yet */
	char problem[GRANTED_TEXT];
};

void granted_init(struct granted *granted, const char *connection);

/* A connection is up. */
void granted_connack(struct granted *granted, const struct core *core,
		     const struct connack *asked, const struct connack *given);

/* code: of the SUBACK. Returns false if the subscription was refused. */
bool granted_suback(const struct granted *granted, const struct core *core,
		    struct granted_filter *filter, int code);

/* One line of text for /readyz, or NULL. */
const char *granted_problem(const struct granted *granted,
			    const struct granted_filter *filters, size_t n);

#endif
