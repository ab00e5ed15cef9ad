#include "bridge/kafka/kafka_check.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bridge/kafka/kafka.h"
#include "bridge/store/state_row.h"

/* --- which property of the operator's a message is about */

/* librdkafka names properties in backquotes, by any of their aliases:
 * `max.in.flight` is max.in.flight.requests.per.connection. */
static int line_of(const struct config_properties *properties, const char *text)
{
	const char *name = strchr(text, '`'), *end;
	char quoted[128];
	size_t i;

	for (; name; name = end ? strchr(end + 1, '`') : NULL) {
		end = strchr(name + 1, '`');
		if (!end || (size_t)(end - name) > sizeof(quoted))
			continue;
		memcpy(quoted, name + 1, (size_t)(end - name) - 1);
		quoted[end - name - 1] = '\0';
		for (i = 0; i < properties->count; i++)
			if (strstr(properties->items[i].name, quoted))
				return properties->items[i].line;
	}
	return 0;
}

/* --- what librdkafka does not check */

#define RECORD "message.max.bytes"

static long number(const rd_kafka_conf_t *conf, const char *name)
{
	char text[32] = "";
	size_t size = sizeof(text);

	if (rd_kafka_conf_get(conf, name, text, &size) != RD_KAFKA_CONF_OK)
		return 0;
	return strtol(text, NULL, 10);
}

static bool is(const rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char text[64] = "";
	size_t size = sizeof(text);

	return rd_kafka_conf_get(conf, name, text, &size) == RD_KAFKA_CONF_OK &&
	       strcasecmp(text, value) == 0;
}

/* A row that Kafka cannot take would be tried for ever. */
static int check_rows(const rd_kafka_conf_t *conf, enum ztp_kafka_client client,
		      struct ztp_error *error)
{
	if (client == ZTP_KAFKA_TURN && number(conf, RECORD) < STATE_ROW_BYTES)
		return ztp_fail(error, ZTP_ERR_VALUE,
				"`" RECORD "` must be >= " STATE_ROW_BYTES_TEXT
				", which a row of kafka.topics.state may need");
	return 0;
}

static int check_pairs(const rd_kafka_conf_t *conf, struct ztp_error *error)
{
	if (number(conf, ZTP_KAFKA_HEARTBEAT) >=
	    number(conf, ZTP_KAFKA_SESSION))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"`" ZTP_KAFKA_SESSION "` must be > "
				"`" ZTP_KAFKA_HEARTBEAT "`");
	/* A record that never fits would be retried for ever. */
	if (number(conf, ZTP_KAFKA_QUEUE_KBYTES) <
	    number(conf, RECORD) / 1024 + 1)
		return ztp_fail(error, ZTP_ERR_VALUE,
				"`" ZTP_KAFKA_QUEUE_KBYTES "` must hold "
				"`" RECORD "`");
	/* The bridge makes no tokens itself. */
	if (is(conf, "sasl.mechanisms", "OAUTHBEARER") &&
	    !is(conf, "sasl.oauthbearer.method", "oidc") &&
	    !is(conf, "enable.sasl.oauthbearer.unsecure.jwt", "true"))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"`sasl.mechanism` OAUTHBEARER needs "
				"sasl.oauthbearer.method=oidc");
	return 0;
}

/* --- a handle that connects to nothing */

static void quiet(const rd_kafka_t *rk, int level, const char *facility,
		  const char *text)
{
	(void)rk;
	(void)level;
	(void)facility;
	(void)text;
}

static int make_once(const struct config *config, enum ztp_kafka_client client,
		     struct ztp_error *error)
{
	const int64_t session_ms = config->standby.session_timeout_ms;
	const struct kafka_wanted wanted = {
		.client = client,
		.transactional_id = config->kafka.group,
		.transaction_timeout_ms = session_ms,
		.session_ms = session_ms,
	};
	rd_kafka_type_t type =
		kafka_reads(client) ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER;
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char text[256] = "";
	rd_kafka_t *rk;
	int rc = kafka_set_properties(conf, config, &wanted, NULL, error);

	if (rc == 0)
		rc = check_pairs(conf, error);
	if (rc == 0)
		rc = check_rows(conf, client, error);
	if (rc != 0) {
		rd_kafka_conf_destroy(conf);
		return rc;
	}
	rd_kafka_conf_set_log_cb(conf, quiet);
	rk = rd_kafka_new(type, conf, text, sizeof(text));
	if (!rk) {
		rd_kafka_conf_destroy(conf);
		return ztp_fail(error, ZTP_ERR_VALUE, "%s", text);
	}
	rd_kafka_destroy(rk);
	return 0;
}

int kafka_check(const struct config *config, int *line, struct ztp_error *error)
{
	const struct config_properties *properties = &config->kafka.properties;
	const int last =
		config->standby.enabled ? ZTP_KAFKA_MEMBER : ZTP_KAFKA_PROBE;
	struct ztp_error why = {0};
	int client, rc = 0;

	if (properties->count == 0)
		return 0;
	for (client = ZTP_KAFKA_PRODUCER; client <= last && rc == 0; client++)
		rc = make_once(config, (enum ztp_kafka_client)client, &why);
	if (rc == 0)
		return 0;
	*line = line_of(properties, why.message);
	if (*line == 0)
		*line = properties->items[0].line;
	return ztp_fail(error, rc, "kafka.properties: %s", why.message);
}
