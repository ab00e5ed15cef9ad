/*
 * bridge/mqtt/reconnect.h - when one of the two MQTT connections is to be tried
 * again. Loop thread only.
 *
 * A broker that is away is tried twice a second, so that the bridge serves
 * within 2 s of its return. A broker that is there and refuses, or that ends each
 * connection soon, is tried less and less often. A connection that another
 * client has taken over is left to it for at least 30 s.
 *
 * MQTT 5 has a reason code for being taken over, but Mosquitto 2.0 sends none
 * to the client that has to go. The sign then is a connection that is lost
 * within 2 s, three times in a row, although it has asked for nothing that the
 * broker could have disliked. A broker that crashes as often looks the same.
 */
#ifndef BRIDGE_MQTT_RECONNECT_H
#define BRIDGE_MQTT_RECONNECT_H

#include <stdbool.h>
#include <stdint.h>

#include "ztp/retry.h"

/* {0} may be tried at once. Times are steady ms. */
struct reconnect {
	struct ztp_retry retry; /* .at: when to try */
	int64_t pause;		/* before the latest try */
	int64_t up_at;
	bool refused; /* at the latest failure the broker was there */
	/* Another client has the connection now, and keeps it until then. */
	bool taken_over;
	int64_t left_until;
	bool served;   /* this connection had an answer to what it asked */
	int soon_lost; /* connections in a row, for no visible reason */
};

/* Try at that time, as if nothing had failed before. */
void reconnect_plan(struct reconnect *reconnect, int64_t at);
/* The broker has just been seen to be there: try now, unless another client has
 * taken over. */
void reconnect_hurry(struct reconnect *reconnect, int64_t now);

void reconnect_up(struct reconnect *reconnect, int64_t now);
/* The broker has acknowledged something. If the connection ends, then because
 * of a single message, for which the others need not wait. */
void reconnect_served(struct reconnect *reconnect);

/* Until when this connection is left to another client; 0: it is not. */
int64_t reconnect_left_until(const struct reconnect *reconnect, int64_t now);
/* It is left for as long, because the other one is. */
void reconnect_leave(struct reconnect *reconnect, int64_t until);

/* The connection did not come up: nobody is there, or the broker refused. */
void reconnect_away(struct reconnect *reconnect, int64_t now);
void reconnect_refused(struct reconnect *reconnect, int64_t now);

/* The connection was lost. told: the broker said that it was taken over. busy:
 * the broker owed an answer, so it may have closed because of what it was
 * asked, or it said another reason. Returns true if another client has taken over, or seems to have. */
bool reconnect_lost(struct reconnect *reconnect, int64_t now, bool told,
		    bool busy);

#endif
