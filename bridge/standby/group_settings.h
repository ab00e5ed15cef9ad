/*
 * bridge/standby/group_settings.h - has somebody changed a setting of the group's
 * topics since the bridge looked at all of them, at its start (group_topics.h)?
 * Asked now and then, without waiting, with the handle of whoever takes the answer.
 * Loop thread only.
 */
#ifndef BRIDGE_STANDBY_GROUP_SETTINGS_H
#define BRIDGE_STANDBY_GROUP_SETTINGS_H

#include <librdkafka/rdkafka.h>

#include "bridge/standby/group_topics.h"

struct group_settings {
	struct core *core;
	const int *replicas; /* of each topic */
	int64_t at;	     /* when to ask; CLOCK_BOOTTIME */
	char why[256];	     /* the first that is not as it must be, or "" */
};

/* Asks if it is time to: the answer is a RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT in the
 * queue. */
void group_settings_turn(struct group_settings *settings, rd_kafka_t *rk,
			 rd_kafka_queue_t *queue);
/* Takes it. Logs what is wrong, once. */
void group_settings_take(struct group_settings *settings,
			 rd_kafka_event_t *event);

#endif
