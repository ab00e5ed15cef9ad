/*
 * bridge/mqtt/mqtt_link.h - paho's client behind mqtt_in: one connection, its
 * subscriptions, and the messages that come through it.
 *
 * paho's threads call back. A message goes into the journal there and then
 * (bridge/mqtt/receive.h). Everything else is posted as news, which the loop
 * thread takes; later news replaces earlier news. All functions here belong to
 * the loop thread.
 */
#ifndef BRIDGE_MQTT_MQTT_LINK_H
#define BRIDGE_MQTT_MQTT_LINK_H

#include "bridge/core/core.h"
#include "bridge/mqtt/granted.h"

enum mqtt_link_state {
	LINK_NONE, /* nothing new */
	LINK_CONNECTED,
	LINK_SUBSCRIBED,
	LINK_UNSUBSCRIBED,
	LINK_REFUSED, /* connect, subscribe or unsubscribe failed */
	LINK_LOST,
};

struct mqtt_link_news {
	enum mqtt_link_state state;
	int code; /* MQTT's reason code, or paho's if negative */
	char why[128];
	struct connack connack; /* LINK_CONNECTED */
	bool taken_over;	/* the broker said so since the last news */
};

struct mqtt_link;
struct journal;

/* The file descriptors: as for mqtt_in_new. */
int mqtt_link_new(struct mqtt_link **mqtt_link, struct core *core,
		  struct journal *journal, int wake_fd, int work_fd,
		  struct ztp_error *error);
/* Disconnects, and waits briefly for that to complete. */
void mqtt_link_free(struct mqtt_link *mqtt_link);

/* These start something, whose result is posted. Return 0 or a paho code, after
 * which nothing is posted. */
int mqtt_link_connect(struct mqtt_link *mqtt_link, int keepalive_s);
/* One filter at a time: for several, paho does not tell in MQTT 3.1.1 how many
 * the broker has answered. */
int mqtt_link_subscribe(struct mqtt_link *mqtt_link, const char *filter,
			int qos);
int mqtt_link_unsubscribe(struct mqtt_link *mqtt_link, const char *filter);
/* Nothing is posted about this. It takes paho a moment. A connection that has not
 * been accepted yet is not ended by it. */
void mqtt_link_disconnect(struct mqtt_link *mqtt_link);
bool mqtt_link_is_open(const struct mqtt_link *mqtt_link);

void mqtt_link_take(struct mqtt_link *mqtt_link, struct mqtt_link_news *news);

#endif
