#include "bridge/kafka/kafka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/kafka_close.h"

#define CLOSE_MS 2000 /* for each step, even if Kafka does not answer */

static void on_log(const rd_kafka_t *rk, int level, const char *facility,
		   const char *text)
{
	struct core *core = rd_kafka_opaque(rk);

	if (strcmp(facility, ZTP_KAFKA_OTHERS_PROPERTY) == 0)
		return;
	if (level <= 3)
		log_warn(core->log, "kafka_log", LOG_STR("facility", facility),
			 LOG_STR("text", text));
	else
		log_debug(core->log, "kafka_log", LOG_STR("facility", facility),
			  LOG_STR("text", text));
}

/* conf: an rd_kafka_conf_t *. */
static int set(void *conf, const char *name, const char *value,
	       struct ztp_error *error)
{
	char text[256];

	if (rd_kafka_conf_set(conf, name, value, text, sizeof(text)) ==
	    RD_KAFKA_CONF_OK)
		return 0;
	return ztp_fail(error, ZTP_ERR_VALUE, "kafka: %s", text);
}

/* What an older librdkafka does not know, it has to do without. */
static int set_ours(void *conf, const char *name, const char *value,
		    struct ztp_error *error)
{
	const struct ztp_kafka_property *property =
		ztp_kafka_property_find(name, strlen(name));

	if (property && rd_kafka_version() < property->since)
		return 0;
	return set(conf, name, value, error);
}

int kafka_set_properties(rd_kafka_conf_t *conf, const struct config *config,
			 const struct kafka_wanted *wanted,
			 const struct core *core, struct ztp_error *error)
{
	const struct config_properties *users = &config->kafka.properties;
	enum ztp_kafka_client client = wanted->client;
	char timeout[24], session[24];
	const char *const given[ZTP_KAFKA_GIVEN_COUNT] = {
		[ZTP_KAFKA_GIVEN_BROKERS] = core ? config->kafka.brokers : NULL,
		[ZTP_KAFKA_GIVEN_MEMBER] =
			core && *core->member ? core->member : NULL,
		[ZTP_KAFKA_GIVEN_CLIENT_ID] = wanted->client_id
						      ? wanted->client_id
						      : config->mqtt.client_id,
		[ZTP_KAFKA_GIVEN_GROUP] = config->kafka.group,
		[ZTP_KAFKA_GIVEN_TRANSACTIONS] = wanted->transactional_id,
		[ZTP_KAFKA_GIVEN_TRANSACTION_TIMEOUT] = timeout,
		[ZTP_KAFKA_GIVEN_SESSION] = session,
	};
	size_t i;
	int rc;

	snprintf(timeout, sizeof(timeout), "%lld",
		 (long long)wanted->transaction_timeout_ms);
	snprintf(session, sizeof(session), "%lld",
		 (long long)wanted->session_ms);
	rc = ztp_kafka_properties_each(client, false, given, set_ours, conf,
				       error);

	for (i = 0; rc == 0 && i < users->count; i++)
		rc = set(conf, users->items[i].name, users->items[i].value,
			 error);
	return rc != 0 ? rc
		       : ztp_kafka_properties_each(client, true, given,
						   set_ours, conf, error);
}

int64_t kafka_receive_max(const struct config *config)
{
	static const char name[] = ZTP_KAFKA_RECEIVE_MAX;
	const struct config_properties *users = &config->kafka.properties;
	const char *value = ztp_kafka_property_find(name, sizeof(name) - 1)
				    ->values[ZTP_KAFKA_CONSUMER];

	for (size_t i = 0; i < users->count; i++)
		if (strcmp(users->items[i].name, name) == 0)
			value = users->items[i].value;
	return strtoll(value, NULL, 10);
}

bool kafka_reads(enum ztp_kafka_client client)
{
	return client == ZTP_KAFKA_CONSUMER || client == ZTP_KAFKA_READER ||
	       client == ZTP_KAFKA_MEMBER;
}

rd_kafka_t *kafka_new_as(struct core *core, const struct kafka_wanted *wanted,
			 struct ztp_error *error)
{
	rd_kafka_type_t type = kafka_reads(wanted->client) ? RD_KAFKA_CONSUMER
							   : RD_KAFKA_PRODUCER;
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_t *rk = NULL;
	char text[256];
	int rc = kafka_set_properties(conf, core->config, wanted, core, error);

	if (rc != 0) {
		rd_kafka_conf_destroy(conf);
		return NULL;
	}
	rd_kafka_conf_set_opaque(conf, core);
	rd_kafka_conf_set_log_cb(conf, on_log);
	rd_kafka_conf_set_events(conf, wanted->events);
	if (wanted->delivered)
		rd_kafka_conf_set_dr_msg_cb(conf, wanted->delivered);
	rk = rd_kafka_new(type, conf, text, sizeof(text));
	if (!rk) {
		rd_kafka_conf_destroy(conf);
		ztp_fail(error, ZTP_ERR_INTERNAL, "kafka: %s", text);
	}
	return rk;
}

rd_kafka_t *kafka_new(struct core *core, enum ztp_kafka_client client,
		      int events, struct ztp_error *error)
{
	const struct kafka_wanted wanted = {.client = client, .events = events};

	return kafka_new_as(core, &wanted, error);
}

const char *kafka_topic(const struct core *core, enum store_topic topic)
{
	const struct config_topics *topics = &core->config->kafka.topics;

	switch (topic) {
#define X(name, number, member, what)                                          \
	case STORE_##name:                                                     \
		return topics->member;
		ZTP_TOPIC_LIST(X)
#undef X
	case STORE_TOPIC_END:
		break;
	}
	return "";
}

void kafka_topics(char text[KAFKA_TOPICS_TEXT], const struct core *core,
		  unsigned mask)
{
	static const enum store_topic order[] = {
#define X(name, number, member, what) STORE_##name,
		ZTP_TOPIC_LIST(X)
#undef X
	};
	size_t i, n = 0;

	*text = '\0';
	for (i = 0; i < sizeof(order) / sizeof(*order); i++)
		if (mask & (1u << order[i]))
			n += (size_t)snprintf(text + n, KAFKA_TOPICS_TEXT - n,
					      "%s%s", n ? ", " : "",
					      kafka_topic(core, order[i]));
}

bool kafka_has_first(const rd_kafka_topic_partition_list_t *list)
{
	int i;

	for (i = 0; list && i < list->cnt; i++)
		if (list->elems[i].partition == 0)
			return true;
	return false;
}

bool kafka_crashes_on_new_topic(int version)
{
	return version >= 0x02040000 && version < 0x020a0000;
}

void kafka_warn_of_fault(struct log *log)
{
	if (!kafka_crashes_on_new_topic(rd_kafka_version()))
		return;
	log_warn(log, "librdkafka_known_fault",
		 LOG_STR("version", rd_kafka_version_str()),
		 LOG_STR("issue", "librdkafka#4964"),
		 LOG_STR("text", "may crash when a topic is deleted and "
				 "recreated: restart the bridge after that"));
}

void kafka_close(struct core *core, rd_kafka_t *rk)
{
	if (!ztp_kafka_destroy(rk, CLOSE_MS))
		log_warn(core->log, "kafka_handle_left");
}

void kafka_close_producer(rd_kafka_t *rk)
{
	rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	(void)ztp_kafka_destroy(rk, 0);
}

void kafka_close_consumer(struct core *core, rd_kafka_t *rk, bool last)
{
	(void)ztp_kafka_leave(rk, CLOSE_MS);
	if (!ztp_kafka_destroy(rk, last ? CLOSE_MS : 0) && last)
		log_warn(core->log, "kafka_handle_left");
}
