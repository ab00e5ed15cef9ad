/*
 * tests/unit/registrar_case.h - a registrar whose connection and gate are
 * played.
 */
#ifndef ZTP_TESTS_REGISTRAR_CASE_H
#define ZTP_TESTS_REGISTRAR_CASE_H

#include "store_case.h"

#include "bridge/registrar/registrar_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define PATH "subscriptions/acme/registries/plant-7/devices/d%03d"

struct mqtt_out {
	struct mqtt_out_user *user;
	char sent[16][16384];
	int count;
	size_t max; /* bytes that the broker accepts, 0: any */
	bool full;  /* it takes nothing now */
};

void mqtt_out_join(struct mqtt_out *mqtt, struct mqtt_out_user *user)
{
	mqtt->user = user;
}

int mqtt_out_subscribe(struct mqtt_out *mqtt, const char *filter, int qos,
		       bool needed)
{
	(void)needed;
	(void)mqtt;
	(void)filter;
	(void)qos;
	return MOSQ_ERR_SUCCESS;
}

int mqtt_out_publish(struct mqtt_out *mqtt, int *mid, const char *topic,
		     const void *payload, size_t len,
		     const mosquitto_property *properties)
{
	(void)mid;
	(void)properties;
	assert_string_equal(topic, "$CONTROL/ztp/v1");
	if (mqtt->full)
		return MOSQ_ERR_NOMEM;
	if (mqtt->max > 0 && len > mqtt->max)
		return MOSQ_ERR_OVERSIZE_PACKET;
	assert_true(mqtt->count < 16 && len < sizeof(mqtt->sent[0]));
	memcpy(mqtt->sent[mqtt->count], payload, len);
	mqtt->sent[mqtt->count++][len] = '\0';
	return MOSQ_ERR_SUCCESS;
}

struct ask_case {
	struct store_case *store;
	struct config config;
	struct log log;
	struct core core;
	struct mqtt_out mqtt;
	struct registrar *g;
};

static char command_topic[] = "{device_path}/commands";
static char group[] = "g";

static inline int setup(void **state)
{
	struct ask_case *c = calloc(1, sizeof(*c));
	void *store = NULL;

	assert_non_null(c);
	store_case_setup(&store);
	c->store = store;
	c->config.mqtt.command_topic = command_topic;
	c->config.kafka.group = group;
	log_init(&c->log, open("/dev/null", O_WRONLY | O_CLOEXEC),
		 LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
	c->core = (struct core){.config = &c->config, .log = &c->log};
	c->core.now = 1000;
	assert_int_equal(registrar_new(&c->g, &c->core, c->store->store,
				       &c->mqtt, &c->store->error),
			 0);
	registrar_join(c->g);
	*state = c;
	return 0;
}

static inline int teardown(void **state)
{
	struct ask_case *c = *state;
	void *store = c->store;

	registrar_free(c->g);
	log_end(&c->log);
	store_case_teardown(&store);
	free(c);
	return 0;
}

/* --- steps */

static inline void hear(struct ask_case *c, const char *text, size_t len)
{
	c->mqtt.user->message(c->mqtt.user->arg, "$CONTROL/ztp/v1/response",
			      text, len);
}

/* Connects to a gate that accepts so many commands in a message (0: it is of
 * an older version). */
static inline void connect_to(struct ask_case *c, int max_commands)
{
	char info[256], bounds[64] = "";

	if (max_commands > 0)
		snprintf(bounds, sizeof(bounds),
			 ",\"max_commands\":%d,\"max_bytes\":1048576",
			 max_commands);
	snprintf(info, sizeof(info),
		 "{\"responses\":[{\"command\":\"getInfo\",\"code\":\"OK\","
		 "\"correlationData\":\"g/info:\","
		 "\"data\":{\"version\":\"1\",\"command_topic\":"
		 "\"{device_path}/commands\"%s}}]}",
		 bounds);
	c->mqtt.user->up(c->mqtt.user->arg, 20);
	hear(c, info, strlen(info));
	registrar_settle(c->g);
	c->g->next_info = INT64_MAX;
	c->mqtt.count = 0;
}

/* The gate answers every question that waits for an answer. */
static inline void answer(struct ask_case *c)
{
	char text[512];
	int i;

	for (i = 0; i < REGISTRAR_WINDOW; i++) {
		if (c->g->ops[i].n == 0)
			continue;
		snprintf(text, sizeof(text),
			 "{\"responses\":[{\"command\":\"getDevice\",\"code\":"
			 "\"NOT_FOUND\",\"correlationData\":\"%s\"}]}",
			 c->g->ops[i].correlation);
		hear(c, text, strlen(text));
	}
	registrar_settle(c->g);
}

#endif
