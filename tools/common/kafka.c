#include "tools/common/kafka.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/kafka_close.h"
#include "base/kafka_files.h"
#include "base/kafka_properties.h"
#include "tools/common/cli.h"
#include "ztp/fingerprint.h"
#include "ztp/text.h"

#define PROPERTIES_FILE_MAX (64 * 1024)
/* With what their users wait for before, less than cli.h allows. */
#define LEAVE_MS   2000
#define DESTROY_MS 1000

/* --- properties */

int ztp_kafka_props_add(struct ztp_kafka_props *props, const char *text,
			struct ztp_error *error)
{
	const size_t len = strcspn(text, "=");
	const struct ztp_kafka_property *property =
		ztp_kafka_property_find(text, len);
	char *copy;

	if (!len || text[len] != '=')
		return ztp_fail(error, ZTP_ERR_USAGE,
				"a property is written NAME=VALUE");
	if (property && property->tools == ZTP_KAFKA_REFUSED)
		return ztp_fail(error, ZTP_ERR_USAGE,
				"property %.*s cannot be set here", (int)len,
				text);
	if (ztp_kafka_file_check(text, len, text + len + 1, error) != 0)
		return ZTP_ERR_USAGE;
	if (props->count == ZTP_KAFKA_PROPS_MAX)
		return ztp_fail(error, ZTP_ERR_USAGE, "more than %d properties",
				ZTP_KAFKA_PROPS_MAX);
	copy = strdup(text);
	if (!copy)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	props->items[props->count++] = copy;
	return 0;
}

/* Reads one line, in place and without the blanks around it. */
static int add_line(struct ztp_kafka_props *props, char *line,
		    struct ztp_error *error)
{
	struct ztp_str inner = ztp_str_trim(ztp_str_of(line));

	line += inner.p - line;
	line[inner.n] = '\0';
	if (inner.n == 0 || *line == '#')
		return 0;
	return ztp_kafka_props_add(props, line, error);
}

int ztp_kafka_props_load(struct ztp_kafka_props *props, const char *path,
			 struct ztp_error *error)
{
	char *text = NULL, *line, *next;
	struct ztp_error why;
	size_t len, number = 1;
	int rc = ztp_file_read(&text, &len, path, PROPERTIES_FILE_MAX, error);

	if (!rc && memchr(text, '\0', len))
		rc = ztp_fail(error, ZTP_ERR_NUL, "%s contains a NUL byte",
			      path);
	for (line = rc ? NULL : text + ztp_bom_len(text, len); !rc && line;
	     line = next, number++) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		rc = add_line(props, line, &why);
		if (rc)
			ztp_fail(error, rc, "%s:%zu: %s", path, number,
				 why.message);
	}
	if (text) /* it may hold passwords */
		explicit_bzero(text, len);
	free(text);
	return rc;
}

void ztp_kafka_props_clear(struct ztp_kafka_props *props)
{
	for (size_t i = 0; i < props->count; i++)
		free(props->items[i]);
	props->count = 0;
}

/* --- clients */

/* Any thread. FAIL is reported as ERROR as well. */
static void on_log(const rd_kafka_t *client, int level, const char *facility,
		   const char *text)
{
	(void)level;
	if (strcmp(facility, ZTP_KAFKA_OTHERS_PROPERTY) == 0 ||
	    strcmp(facility, "FAIL") == 0)
		return;
	ztp_cli_warn(rd_kafka_name(client), "%s: %s", facility, text);
}

/* conf is a rd_kafka_conf_t *. */
static int set(void *conf, const char *name, const char *value,
	       struct ztp_error *error)
{
	char why[192];

	if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) ==
	    RD_KAFKA_CONF_OK)
		return 0;
	return ztp_fail(error, ZTP_ERR_USAGE, "%s", why);
}

static int set_given(rd_kafka_conf_t *conf, const struct ztp_kafka_props *props,
		     struct ztp_error *error)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < props->count; i++) {
		const char *equals = strchr(props->items[i], '=');
		char name[128];

		if ((size_t)(equals - props->items[i]) >= sizeof(name))
			return ztp_fail(error, ZTP_ERR_USAGE,
					"no such property: %.40s...",
					props->items[i]);
		memcpy(name, props->items[i],
		       (size_t)(equals - props->items[i]));
		name[equals - props->items[i]] = '\0';
		rc = set(conf, name, equals + 1, error);
	}
	return rc;
}

/* The free settings first, then the user's, then ours that are not free. */
static rd_kafka_conf_t *new_conf(enum ztp_kafka_client client,
				 const char *const given[ZTP_KAFKA_GIVEN_COUNT],
				 const struct ztp_kafka_props *props,
				 struct ztp_error *error)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	int rc = ztp_kafka_properties_each(client, false, given, set, conf,
					   error);

	if (!rc)
		rc = set_given(conf, props, error);
	if (!rc)
		rc = ztp_kafka_properties_each(client, true, given, set, conf,
					       error);
	if (rc) {
		rd_kafka_conf_destroy(conf);
		return NULL;
	}
	rd_kafka_conf_set_log_cb(conf, on_log);
	return conf;
}

static rd_kafka_t *new_client(rd_kafka_type_t type, rd_kafka_conf_t *conf,
			      struct ztp_error *error)
{
	char why[192];
	rd_kafka_t *client = rd_kafka_new(type, conf, why, sizeof(why));

	if (!client) {
		rd_kafka_conf_destroy(conf);
		ztp_fail(error, ZTP_ERR_USAGE, "%s", why);
	}
	return client;
}

rd_kafka_t *ztp_kafka_producer(
	const char *brokers, const struct ztp_kafka_props *props,
	int timeout_ms,
	void (*on_delivery)(rd_kafka_t *, const rd_kafka_message_t *, void *),
	void *opaque, struct ztp_error *error)
{
	char timeout[16];
	const char *const given[ZTP_KAFKA_GIVEN_COUNT] = {
		[ZTP_KAFKA_GIVEN_BROKERS] = brokers,
		[ZTP_KAFKA_GIVEN_TIMEOUT] = timeout,
	};
	rd_kafka_conf_t *conf;

	snprintf(timeout, sizeof(timeout), "%d", timeout_ms);
	conf = new_conf(ZTP_KAFKA_TOOL_PRODUCER, given, props, error);
	if (!conf)
		return NULL;
	rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
	rd_kafka_conf_set_opaque(conf, opaque);
	return new_client(RD_KAFKA_PRODUCER, conf, error);
}

rd_kafka_t *ztp_kafka_consumer(const char *brokers,
			       const struct ztp_kafka_props *props,
			       const struct ztp_kafka_consumer *how,
			       struct ztp_error *error)
{
	const char *const given[ZTP_KAFKA_GIVEN_COUNT] = {
		[ZTP_KAFKA_GIVEN_BROKERS] = brokers,
		[ZTP_KAFKA_GIVEN_GROUP] = how->group,
		[ZTP_KAFKA_GIVEN_COMMIT] = how->commit ? "true" : "false",
		[ZTP_KAFKA_GIVEN_EOF] = how->eof ? "true" : "false",
	};
	rd_kafka_conf_t *conf =
		new_conf(ZTP_KAFKA_TOOL_CONSUMER, given, props, error);
	rd_kafka_t *consumer;

	if (!conf)
		return NULL;
	if (how->on_rebalance)
		rd_kafka_conf_set_rebalance_cb(conf, how->on_rebalance);
	rd_kafka_conf_set_opaque(conf, how->opaque);
	consumer = new_client(RD_KAFKA_CONSUMER, conf, error);
	if (consumer)
		rd_kafka_poll_set_consumer(consumer);
	return consumer;
}

/* Who has only assigned partitions to itself has none to leave. */
static bool is_member(rd_kafka_t *consumer)
{
	rd_kafka_topic_partition_list_t *topics = NULL;
	bool is = !rd_kafka_subscription(consumer, &topics) && topics->cnt > 0;

	if (topics)
		rd_kafka_topic_partition_list_destroy(topics);
	return is;
}

bool ztp_kafka_consumer_end(rd_kafka_t *consumer)
{
	bool left;

	if (!consumer)
		return true;
	left = !is_member(consumer) || ztp_kafka_leave(consumer, LEAVE_MS);
	return ztp_kafka_destroy(consumer, DESTROY_MS) && left;
}

void ztp_kafka_producer_end(rd_kafka_t *producer)
{
	if (producer)
		(void)ztp_kafka_destroy(producer, DESTROY_MS);
}

/* --- records */

static rd_kafka_headers_t *make_headers(const struct ztp_header *headers,
					size_t count)
{
	rd_kafka_headers_t *list = rd_kafka_headers_new(count);

	for (size_t i = 0; list && i < count; i++)
		if (rd_kafka_header_add(list, headers[i].name, -1,
					headers[i].value.p,
					(ssize_t)headers[i].value.n)) {
			rd_kafka_headers_destroy(list);
			list = NULL;
		}
	return list;
}

int ztp_kafka_send(rd_kafka_t *producer, const struct ztp_kafka_record *record,
		   struct ztp_error *error)
{
	rd_kafka_headers_t *list =
		make_headers(record->headers, record->header_count);
	rd_kafka_resp_err_t err;

	if (!list)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	err = rd_kafka_producev(
		producer, RD_KAFKA_V_TOPIC(record->topic),
		RD_KAFKA_V_KEY(record->key, strlen(record->key)),
		RD_KAFKA_V_VALUE((void *)(uintptr_t)record->value.p,
				 record->value.n),
		RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
		RD_KAFKA_V_HEADERS(list), RD_KAFKA_V_OPAQUE(record->opaque),
		RD_KAFKA_V_END);
	if (!err)
		return 0; /* the producer owns the headers now */
	rd_kafka_headers_destroy(list);
	return ztp_fail(error,
			err == RD_KAFKA_RESP_ERR__QUEUE_FULL
				? ZTP_ERR_FULL
				: ztp_kafka_fault(err),
			"%s: %s", record->topic, rd_kafka_err2str(err));
}

enum ztp_err ztp_kafka_fault(rd_kafka_resp_err_t err)
{
	switch (err) {
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
		return ZTP_ERR_REFUSED;
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
		return ZTP_ERR_TOO_LARGE;
	default:
		return ZTP_ERR_IO;
	}
}

size_t ztp_kafka_header_count(const rd_kafka_message_t *message)
{
	rd_kafka_headers_t *list;

	return rd_kafka_message_headers(message, &list)
		       ? 0
		       : rd_kafka_header_cnt(list);
}

bool ztp_kafka_header_at(struct ztp_header *header,
			 const rd_kafka_message_t *message, size_t index)
{
	rd_kafka_headers_t *list;
	const void *value;
	size_t size;

	if (rd_kafka_message_headers(message, &list) ||
	    rd_kafka_header_get_all(list, index, &header->name, &value, &size))
		return false;
	header->value = (struct ztp_str){value, size};
	return true;
}

struct ztp_header *ztp_kafka_headers(const rd_kafka_message_t *message,
				     size_t *count)
{
	size_t n = ztp_kafka_header_count(message);
	struct ztp_header *headers = calloc(n + 1, sizeof(*headers));

	*count = 0;
	while (headers && *count < n &&
	       ztp_kafka_header_at(&headers[*count], message, *count))
		++*count;
	return headers;
}
