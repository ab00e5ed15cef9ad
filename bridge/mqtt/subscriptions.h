/*
 * bridge/mqtt/subscriptions.h - what the second connection subscribes to, and
 * what the broker has granted of it. Loop thread only.
 *
 * A refused subscription is asked for again from time to time, because an
 * operator may change the broker's rules without ending connections.
 */
#ifndef BRIDGE_MQTT_SUBSCRIPTIONS_H
#define BRIDGE_MQTT_SUBSCRIPTIONS_H

#include "bridge/mqtt/granted.h"
#include "ztp/retry.h"

/* The gate's responses, the devices' answers, what the gate reports; and that
 * again of each subscription. */
#define SUBSCRIPTIONS_MAX (3 + CONFIG_SUBSCRIPTIONS_MAX)

struct mosquitto;

struct subscriptions {
	struct granted_filter filters[SUBSCRIPTIONS_MAX];
	struct subscription {
		int mid;	 /* of the SUBSCRIBE that awaits its SUBACK */
		int64_t sent_at; /* 0: none does */
		struct ztp_retry retry; /* .at: ask again; 0: no need to */
	} states[SUBSCRIPTIONS_MAX];
	size_t count;
	bool no_wildcards; /* the broker would end the connection for one */
};

/* A connection ended or begins: nothing is subscribed to. */
void subscriptions_reset(struct subscriptions *subscriptions,
			 bool no_wildcards);

/* filter must live as long as the bridge. Returns 0 or a MOSQ_ERR_* code. */
int subscriptions_add(struct subscriptions *subscriptions,
		      struct mosquitto *mosq, const char *filter, int qos,
		      enum granted_need need, const struct granted *granted,
		      const struct core *core);
/* True: one that had been refused on this connection is granted now. */
bool subscriptions_suback(struct subscriptions *subscriptions, int mid,
			  int code, const struct granted *granted,
			  const struct core *core);
/* Asks again for what was refused. */
void subscriptions_turn(struct subscriptions *subscriptions,
			struct mosquitto *mosq, const struct core *core);
/* When the SUBSCRIBE was sent that has waited longest for its SUBACK; 0: none
 * waits. */
int64_t subscriptions_since(const struct subscriptions *subscriptions);

#endif
