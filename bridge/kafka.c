#include "bridge/kafka.h"

#include <string.h>

static void on_log(const rd_kafka_t *rk, int level, const char *facility,
		   const char *text)
{
	struct bridge *b = rd_kafka_opaque(rk);

	/* Said of every property that the other type of handle uses. */
	if (strcmp(facility, "CONFWARN") == 0)
		return;
	if (level <= 3)
		log_warn(b->log, "kafka_log", LOG_STR("facility", facility),
			 LOG_STR("text", text));
	else
		log_debug(b->log, "kafka_log", LOG_STR("facility", facility),
			  LOG_STR("text", text));
}

static int set(rd_kafka_conf_t *conf, const char *name, const char *value,
	       struct ztp_error *error)
{
	char text[256];

	if (rd_kafka_conf_set(conf, name, value, text, sizeof(text)) ==
	    RD_KAFKA_CONF_OK)
		return 0;
	return ztp_fail(error, ZTP_ERR_VALUE, "kafka: %s", text);
}

rd_kafka_t *kafka_new(struct bridge *b, rd_kafka_type_t type,
		      const struct kafka_setting *defaults,
		      const struct kafka_setting *fixed, int events,
		      struct ztp_error *error)
{
	const struct config_kafka *kafka = &b->config->kafka;
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_t *rk = NULL;
	char text[256];
	size_t i;
	int rc;

	rc = set(conf, "bootstrap.servers", kafka->brokers, error);
	if (rc == 0)
		rc = set(conf, "client.id", b->config->mqtt.client_id, error);
	if (rc == 0)
		rc = set(conf, "socket.nagle.disable", "true", error);
	if (rc == 0)
		rc = set(conf, "log.connection.close", "false", error);
	/* Back soon after Kafka is, even if it was away for long. */
	if (rc == 0)
		rc = set(conf, "reconnect.backoff.max.ms", "2000", error);
	for (; rc == 0 && defaults->name; defaults++)
		rc = set(conf, defaults->name, defaults->value, error);
	for (i = 0; rc == 0 && i < kafka->properties.count; i++)
		rc = set(conf, kafka->properties.items[i].name,
			 kafka->properties.items[i].value, error);
	for (; rc == 0 && fixed->name; fixed++)
		rc = set(conf, fixed->name, fixed->value, error);
	if (rc != 0) {
		rd_kafka_conf_destroy(conf);
		return NULL;
	}
	rd_kafka_conf_set_opaque(conf, b);
	rd_kafka_conf_set_log_cb(conf, on_log);
	rd_kafka_conf_set_events(conf, events);
	rk = rd_kafka_new(type, conf, text, sizeof(text));
	if (!rk) {
		rd_kafka_conf_destroy(conf);
		ztp_fail(error, ZTP_ERR_INTERNAL, "kafka: %s", text);
	}
	return rk;
}

const char *kafka_topic(const struct bridge *b, enum store_topic topic)
{
	const struct config_topics *topics = &b->config->kafka.topics;

	switch (topic) {
	case STORE_REQUESTS:
		return topics->requests;
	case STORE_RESULTS:
		return topics->results;
	case STORE_DLQ:
		return topics->dlq;
	case STORE_AUDIT:
		return topics->audit;
	case STORE_TOPIC_END:
		break;
	}
	return "";
}
