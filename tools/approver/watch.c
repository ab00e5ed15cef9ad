/*
 * ztp-approver watch: shows what bridge and customer say to each other, one
 * line per record. Payloads are shown with --json only.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_tree.h"
#include "tools/approver/send.h"
#include "tools/common/cli.h"
#include "tools/common/id_set.h"
#include "tools/common/tail.h"
#include "tools/common/terminal.h"
#include "ztp/member.h"

#define VALUE_MAX (1024 * 1024)

/* The members that are shown of each kind of record; a dotted name is a member
 * of a member. */
static const char *const request_fields[] = {
	ZTP_M_REQUEST_ID,
	ZTP_M_DEVICE "." ZTP_M_PATH,
	ZTP_M_CERTIFICATE "." ZTP_M_FINGERPRINT,
	ZTP_M_ATTEMPT,
	ZTP_M_CONTENDERS,
	ZTP_M_EXPIRES_AT,
	NULL,
};
static const char *const decision_fields[] = {
	ZTP_M_REQUEST_ID, ZTP_M_DEVICE_PATH, ZTP_M_DECISION,   ZTP_M_IS_APPROVE,
	ZTP_M_REASON,	  ZTP_M_MESSAGE,     ZTP_M_DECIDED_BY, NULL,
};
static const char *const result_fields[] = {
	ZTP_M_REQUEST_ID, ZTP_M_DEVICE_PATH, ZTP_M_OUTCOME, ZTP_M_CODE,
	ZTP_M_STATUS,	  ZTP_M_MESSAGE,     NULL,
};

/* --- lines for people */

/* In quotes if it does not end at the next space, or has a quote itself: nobody's
 * text looks like another field. */
static void put_text(struct ztp_str text)
{
	const char *p = text.p, *end = text.p + text.n;
	bool quoted =
		text.n && (memchr(p, ' ', text.n) || memchr(p, '"', text.n));

	fputs(quoted ? "\"" : "", stdout);
	for (; p < end; p++) {
		const char *from = p;

		while (p < end && *p != '"' && *p != '\\')
			p++;
		terminal_put(from, (size_t)(p - from));
		if (p == end)
			break;
		fputs(quoted ? "\\" : "", stdout);
		putchar(*p);
	}
	fputs(quoted ? "\"" : "", stdout);
}

static void put_value(struct ztp_object *object)
{
	const struct ztp_field *field = object->fields;
	struct ztp_str text;

	if (field->kind == '"' &&
	    ztp_object_string(&text, object, 0, VALUE_MAX, NULL) == 0) {
		put_text(text);
	} else if (field->kind == '{' || field->kind == '[') {
		putchar('?');
	} else { /* a number, true or false */
		terminal_put(field->raw.p, field->raw.n);
	}
}

/* Finds a member of an object that has been checked. */
static void put_field(struct ztp_str text, const char *dotted)
{
	const char *dot = strchr(dotted, '.');
	size_t n = dot ? (size_t)(dot - dotted) : strlen(dotted);
	struct ztp_field field;
	struct ztp_object object;
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)n, dotted);
	field.name = name;
	if (ztp_object_read(&object, &field, 1, text, VALUE_MAX, NULL) != 0)
		return;
	if (dot && field.kind == '{') {
		put_field(field.raw, dot + 1);
	} else if (!dot && ztp_field_given(&field)) {
		printf(" %s=", name);
		put_value(&object);
	}
	ztp_object_clear(&object);
}

static void put_line(const struct options *options,
		     const rd_kafka_message_t *message)
{
	const char *topic = rd_kafka_topic_name(message->rkt);
	const char *const *fields = result_fields;
	const char *kind = "result";
	struct ztp_str text = {message->payload, message->len};
	struct ztp_field data = {.name = "data"};
	struct ztp_object record;

	if (strcmp(topic, options->requests) == 0) {
		kind = "request";
		fields = request_fields;
	} else if (strcmp(topic, options->decisions) == 0) {
		kind = "decision";
		fields = decision_fields;
	}
	printf(" %s", kind);
	if (ztp_object_read(&record, &data, 1, text, VALUE_MAX, NULL) != 0) {
		printf(" unreadable %s[%d]@%lld", topic,
		       (int)message->partition, (long long)message->offset);
		return;
	}
	/* In a structured CloudEvent the object is the member `data`. */
	if (data.kind)
		text = data.raw;
	for (; *fields; fields++)
		put_field(text, *fields);
	ztp_object_clear(&record);
}

/* --- records for programs */

/* JSON as it is, without white space; anything else in base64. */
static bool add_value(cJSON *object, const rd_kafka_message_t *message)
{
	char *copy;
	bool ok;

	if (!message->payload)
		return cJSON_AddNullToObject(object, "value") != NULL;
	if (ztp_json_check(message->payload, message->len, VALUE_MAX, NULL))
		return ztp_tree_add_base64(object, "value_base64",
					   message->payload, message->len);
	copy = strndup(message->payload, message->len);
	if (!copy)
		return false;
	cJSON_Minify(copy);
	ok = cJSON_AddRawToObject(object, "value", copy) != NULL;
	free(copy);
	return ok;
}

/* Keys and header values: as text if a JSON string can hold them. */
static bool add_text(cJSON *object, const char *name, const void *data,
		     size_t len)
{
	struct ztp_attachment text;
	bool ok;

	if (!data)
		return cJSON_AddNullToObject(object, name) != NULL;
	if (ztp_attachment_set(&text, data, len, NULL))
		return ztp_tree_add_base64(object, name, data, len);
	ok = text.text
		     ? cJSON_AddStringToObject(object, name, text.data) != NULL
		     : ztp_tree_add_base64(object, name, data, len);
	ztp_attachment_clear(&text);
	return ok;
}

/* Of several with one name the first, which is the one that the bridge reads. */
static bool add_headers(cJSON *object, const rd_kafka_message_t *message)
{
	size_t count = ztp_kafka_header_count(message);
	cJSON *list = cJSON_AddObjectToObject(object, "headers");
	struct ztp_id_set *names = ztp_id_set_new();
	struct ztp_header header;
	bool ok = list != NULL;

	for (size_t i = 0; ok && i < count; i++) {
		ok = names && ztp_kafka_header_at(&header, message, i);
		if (!ok || ztp_id_set_has(names, header.name))
			continue;
		ok = ztp_id_set_add(names, header.name) &&
		     add_text(list, header.name, header.value.p,
			      header.value.n);
	}
	ztp_id_set_free(names);
	return ok;
}

static bool put_json(const rd_kafka_message_t *message)
{
	cJSON *object = cJSON_CreateObject();
	char *text = NULL;

	if (object &&
	    cJSON_AddStringToObject(object, ZTP_M_TOPIC,
				    rd_kafka_topic_name(message->rkt)) &&
	    cJSON_AddNumberToObject(object, ZTP_M_PARTITION,
				    message->partition) &&
	    cJSON_AddNumberToObject(object, ZTP_M_OFFSET,
				    (double)message->offset) &&
	    add_text(object, "key", message->key, message->key_len) &&
	    add_headers(object, message) && add_value(object, message))
		text = cJSON_PrintUnformatted(object);
	if (text)
		fputs(text, stdout);
	cJSON_free(text);
	cJSON_Delete(object);
	return text != NULL;
}

/* --- the loop */

static bool show(const struct options *options,
		 const rd_kafka_message_t *message)
{
	char time[ZTP_TIME_LEN];
	int64_t at = rd_kafka_message_timestamp(message, NULL);
	bool ok = true;

	if (options->json) {
		ok = put_json(message);
	} else {
		ztp_time_format(time, at >= 0 ? at : ztp_clock_wall());
		fputs(time, stdout);
		put_line(options, message);
	}
	putchar('\n');
	return ztp_cli_flush(PROGRAM) && ok;
}

static int loop(struct ztp_tail *tail, const struct options *options)
{
	rd_kafka_message_t *message;
	bool ready = false, ok = true;
	int64_t shown = 0;

	while (ok && !ztp_cli_stopped() &&
	       (!options->count || shown < options->count)) {
		message = ztp_tail_next(tail, 100);
		if (!ready && ztp_tail_ready(tail)) {
			ready = true;
			ztp_cli_warn(PROGRAM, "watching %s %s %s",
				     options->requests, options->decisions,
				     options->results);
		}
		if (message) {
			ok = show(options, message);
			rd_kafka_message_destroy(message);
			shown++;
		}
	}
	return ok ? ZTP_EXIT_OK : ZTP_EXIT_FAILED;
}

int watch_command(const struct options *options)
{
	const char *topics[] = {options->requests, options->decisions,
				options->results};
	const struct ztp_kafka_consumer how = {
		.group = options->group,
		.eof = true,
	};
	int rc = ZTP_EXIT_FAILED;
	struct ztp_tail *tail;
	struct ztp_error error;
	rd_kafka_t *consumer = ztp_kafka_consumer(
		options->brokers, &options->props, &how, &error);

	if (!consumer)
		return report(&error);
	tail = ztp_tail_new(consumer, topics, 3, options->from_beginning);
	if (tail)
		rc = loop(tail, options);
	ztp_tail_free(tail);
	(void)ztp_kafka_consumer_end(consumer);
	return rc;
}
