/*
 * bridge/kafka/kafka.h - what our three librdkafka handles have in common: settings
 * (DESIGN section 5), logs and errors.
 */
#ifndef BRIDGE_KAFKA_KAFKA_H
#define BRIDGE_KAFKA_KAFKA_H

#include <librdkafka/rdkafka.h>

#include "base/kafka_properties.h"
#include "bridge/core/core.h"
#include "bridge/store/store.h"

/* A new handle: what kafka.properties may override, the operator's properties,
 * then what nothing overrides (base/kafka_properties.h). Properties that belong
 * to the other type of handle are left out. Logs go to the bridge's log from
 * librdkafka's threads. The handle's events are those in the mask, on its main
 * queue. */
rd_kafka_t *kafka_new(struct core *core, enum ztp_kafka_client client,
		      int events, struct ztp_error *error);

/* What it is called in the configuration. */
const char *kafka_topic(const struct core *core, enum store_topic topic);

/* Whether that release of librdkafka (as rd_kafka_version() has it) may crash
 * when a topic is deleted and made anew: librdkafka#4964. From 2.4 on it finds
 * its cached metadata by the topic's id as well, and when the id changes it
 * frees what it still points to; 2.10 does not. A program can neither forbid
 * it the ids nor empty that cache. */
bool kafka_crashes_on_new_topic(int version);

/* One warning at the start, with a release of which that is so. */
void kafka_warn_of_fault(struct log *log);

/* Leaves the group and destroys the handle, in some seconds at most. */
void kafka_close_consumer(struct core *core, rd_kafka_t *rk);

#endif
