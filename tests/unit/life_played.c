#include "life_played.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- Kafka */

static char *text_of(struct ztp_str s)
{
	char *text = s.p ? malloc(s.n + 1) : NULL;

	if (!s.p)
		return NULL;
	assert_non_null(text);
	if (s.n > 0)
		memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	return text;
}

void played_record_copy(struct played_record *copy,
			const struct store_record *record)
{
	size_t i;

	played_record_clear(copy);
	copy->topic = record->topic;
	copy->request = record->request;
	copy->key = text_of(record->key);
	copy->value = text_of(record->value);
	copy->value_len = record->value.n;
	copy->header_count = record->header_count;
	for (i = 0; i < record->header_count; i++) {
		const char *name = record->headers[i].name;

		copy->names[i] = text_of((struct ztp_str){name, strlen(name)});
		copy->values[i] = text_of(record->headers[i].value);
	}
}

void played_record_clear(struct played_record *copy)
{
	size_t i;

	free(copy->key);
	free(copy->value);
	for (i = 0; i < copy->header_count; i++) {
		free(copy->names[i]);
		free(copy->values[i]);
	}
	memset(copy, 0, sizeof(*copy));
}

const char *played_header(const struct played_record *record, const char *name)
{
	size_t i;

	for (i = 0; i < record->header_count; i++)
		if (strcmp(record->names[i], name) == 0)
			return record->values[i];
	return "";
}

bool producer_full(const struct producer *p, bool *soon)
{
	bool full = p->room > 0 && p->count >= p->room;

	*soon = full && p->soon;
	return full;
}

bool producer_take(struct producer *p, const struct store_record *record,
		   const struct journal_mark *from)
{
	if (!p->takes)
		return false;
	played_record_copy(&p->last, record);
	p->from = *from;
	p->count++;
	return true;
}

int producer_keep_order(struct producer *p, const struct store_record *record,
			struct ztp_error *error)
{
	(void)p;
	(void)record;
	(void)error;
	return 0;
}

/* --- MQTT */

void mqtt_out_join(struct mqtt_out *mqtt, struct mqtt_out_user *user)
{
	mqtt->user = user;
}

bool mqtt_out_connected(const struct mqtt_out *mqtt)
{
	return mqtt->connected;
}

/* Nothing is asked when the connection is made. */
void mqtt_out_asked(struct mqtt_out *mqtt)
{
	(void)mqtt;
}

int mqtt_out_try_subscribe(struct mqtt_out *mqtt, const char *filter, int qos)
{
	(void)filter;
	(void)qos;
	return mqtt->rc_sub;
}

void mqtt_out_flush(struct mqtt_out *mqtt)
{
	mqtt->flushes++;
}

int mqtt_out_subscribe(struct mqtt_out *mqtt, const char *filter, int qos,
		       bool needed)
{
	assert_int_equal(qos, 1);
	mqtt->needed = needed;
	snprintf(mqtt->subscribed, sizeof(mqtt->subscribed), "%s", filter);
	return mqtt->rc_sub;
}

/* Makes a terminated copy and frees the original, which the library allocated.
 * False when it is NULL, because memory ran out. */
static bool keep(char *out, size_t cap, void *bytes, size_t n)
{
	if (!bytes)
		return false;
	assert_true(n < cap);
	memcpy(out, bytes, n);
	out[n] = '\0';
	free(bytes);
	return true;
}

static bool read_user_property(struct played_said *said,
			       const mosquitto_property *property)
{
	char *name = NULL, *value = NULL;
	bool is_id, kept;

	mosquitto_property_read_string_pair(property, MQTT_PROP_USER_PROPERTY,
					    &name, &value, false);
	if (!name || !value)
		return false;
	is_id = strcmp(name, "request_id") == 0;
	if (!is_id)
		assert_string_equal(name, "status");
	kept = is_id ? keep(said->request_id, sizeof(said->request_id), value,
			    strlen(value))
		     : keep(said->status, sizeof(said->status), value,
			    strlen(value));
	free(name);
	return kept;
}

static bool read_property(struct played_said *said,
			  const mosquitto_property *property)
{
	void *bytes = NULL;
	char *text = NULL;
	uint16_t n = 0;

	switch (mosquitto_property_identifier(property)) {
	case MQTT_PROP_CONTENT_TYPE:
		mosquitto_property_read_string(property, MQTT_PROP_CONTENT_TYPE,
					       &text, false);
		return keep(said->content_type, sizeof(said->content_type),
			    text, text ? strlen(text) : 0);
	case MQTT_PROP_CORRELATION_DATA:
		mosquitto_property_read_binary(property,
					       MQTT_PROP_CORRELATION_DATA,
					       &bytes, &n, false);
		return keep(said->correlation, sizeof(said->correlation), bytes,
			    n);
	case MQTT_PROP_MESSAGE_EXPIRY_INTERVAL:
		mosquitto_property_read_int32(property,
					      MQTT_PROP_MESSAGE_EXPIRY_INTERVAL,
					      &said->expiry_s, false);
		return true;
	default:
		return read_user_property(said, property);
	}
}

int mqtt_out_publish(struct mqtt_out *mqtt, int *mid, const char *topic,
		     const void *payload, size_t len,
		     const mosquitto_property *properties)
{
	struct played_said *said = &mqtt->said[mqtt->count];

	if (mqtt->rc != 0)
		return mqtt->rc;
	assert_true(mqtt->count < PLAYED_MAX && len < sizeof(said->text));
	memset(said, 0, sizeof(*said));
	for (; properties; properties = mosquitto_property_next(properties))
		if (!read_property(said, properties))
			return MOSQ_ERR_NOMEM;
	snprintf(said->topic, sizeof(said->topic), "%s", topic);
	memcpy(said->text, payload, len);
	said->mid = *mid = ++mqtt->count;
	return 0;
}

/* --- the gate */

bool registrar_ready(const struct registrar *g)
{
	return g->ready;
}

bool registrar_absent(const struct registrar *g)
{
	return g->absent;
}

void registrar_written(struct registrar *g)
{
	g->written++;
}

void registrar_not_written(struct registrar *g, const struct store_request *r,
			   const char *why)
{
	(void)why;
	g->not_written = r->n;
}

void registrar_ask(struct registrar *g, int64_t n)
{
	assert_true(g->asked_count < 16);
	g->asked[g->asked_count++] = n;
}

void registrar_ask_later(struct registrar *g, int64_t n)
{
	assert_true(g->later_count < 16);
	g->later[g->later_count++] = n;
}

void registrar_disposed(struct registrar *g, const char *id)
{
	assert_true(g->disposed_count < 16);
	snprintf(g->disposed[g->disposed_count++], sizeof(g->disposed[0]), "%s",
		 id);
}

bool registrar_is_for(enum ztp_owed what)
{
	return what == ZTP_OWED_REGISTER || what == ZTP_OWED_RELEASE ||
	       what == ZTP_OWED_NOTICE_CHECK;
}

bool registrar_takes(const struct registrar *g, enum ztp_owed what)
{
	return g && registrar_is_for(what);
}

bool registrar_has_room(const struct registrar *g)
{
	return !g->full;
}

bool registrar_busy(const struct registrar *g, int64_t n)
{
	int i;

	for (i = 0; g->keeps && i < g->sent_count; i++)
		if (g->sent[i] == n)
			return true;
	return g->busy == n;
}

bool registrar_send(struct registrar *g, const struct store_request *r)
{
	if (g->full || (g->losers && r->owed.what == ZTP_OWED_REGISTER))
		return false;
	assert_true(g->sent_count < 16);
	g->sent[g->sent_count++] = r->n;
	return true;
}

bool registrar_flush(struct registrar *g)
{
	(void)g;
	return true;
}

int registrar_in_flight(const struct registrar *g)
{
	return g ? g->sent_count : 0;
}

int registrar_answer_each(const struct registrar *g,
			  registrar_answer_visit *visit, void *arg)
{
	int i, rc = 0;

	for (i = 0; i < g->answer_count && rc == 0; i++)
		rc = visit(arg, &g->answers[i]);
	return rc;
}

int registrar_subscription_each(const struct registrar *g,
				registrar_subscription_visit *visit, void *arg)
{
	int i, rc = 0;

	for (i = 0; i < g->subscription_count && rc == 0; i++)
		rc = visit(arg, &g->subscriptions[i]);
	return rc;
}
