/*
 * bridge/mqtt/mqtt_in_internal.h - shared by mqtt_in.c (the connection) and
 * mqtt_in_filters.c (what the store knows of its session).
 */
#ifndef BRIDGE_MQTT_MQTT_IN_INTERNAL_H
#define BRIDGE_MQTT_MQTT_IN_INTERNAL_H

#include "bridge/mqtt/filters.h"
#include "bridge/mqtt/mqtt_in.h"
#include "bridge/mqtt/mqtt_link.h"
#include "bridge/mqtt/mqtt_out.h"
#include "bridge/mqtt/names.h"
#include "bridge/mqtt/reconnect.h"
#include "bridge/mqtt/refusal.h"

enum phase { PHASE_DOWN, PHASE_CONNECTING, PHASE_SUBSCRIBING, PHASE_UP };

struct mqtt_in {
	struct core *core;
	struct mqtt_link *link;
	struct name *host;
	struct mqtt_out_user scout;
	enum phase phase;
	bool paused;
	int64_t stuck_at; /* in the two phases between */
	struct reconnect reconnect;
	int keepalive_s; /* as asked for in the last CONNECT */
	bool had_session;
	bool session_known; /* by the store */

	enum refusal refusal; /* of the last CONNECT */
	struct log_limit refusals[REFUSAL_KINDS];
	struct granted granted;
	struct filters filters;
	int next_filter;   /* of those asked for; behind them: what is left */
	bool unsubscribed; /* since filters_kept */
	bool unstored;	   /* the first connection waits for filters_kept */
	bool audits_alone; /* single audit records are given up */
};

/* Does the session know of other filters than the store's row? Then nothing is
 * connected before the store has been told. */
int mqtt_in_compare_filters(struct mqtt_in *mqtt_in, const char *stored,
			    struct ztp_error *error);

#endif
