#include "gate/outbox.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_tree.h"
#include "gate/audit_list.h"
#include "gate/printing.h"
#include "gate/send.h"
#include "ztp/code.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"

/* On a disk that stands still. What is refused then is told again (responses
 * are asked for, pending events offered); audit records are counted. */
#define WAITING_MAX 20000

struct ztp_message {
	struct ztp_message *next;
	uint64_t group;
	const char *topic;
	cJSON *object; /* owned */
	/* Owned; NULL: all hangs on `group`. Of each response in it, for one
	 * message of commands that many commits have a part of. */
	uint64_t *groups;
	struct ztp_printing printing; /* owned; of an answer */
	int qos;
};

static const char *string_of(const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(object, name));

	return text ? text : "";
}

/* Where each subscription has a topic of its own, the device's path says
 * which. */
static bool send(struct ztp_gate *gate, const char *topic, cJSON *object,
		 int qos)
{
	const struct ztp_options *options = &gate->options;
	bool apart = (options->pending_apart &&
		      strcmp(topic, ZTP_MQTT_PENDING) == 0) ||
		     (options->subscribed_apart &&
		      strcmp(topic, ZTP_MQTT_SUBSCRIBED) == 0);
	char own[sizeof(ZTP_MQTT_SUBSCRIBED "/") + ZTP_ID_MAX];
	const char *path = string_of(object, ZTP_M_DEVICE_PATH);
	struct ztp_path parts;

	if (strcmp(topic, ZTP_MQTT_AUDIT) == 0)
		return ztp_audit_list_send(gate, object);
	if (apart && ztp_path_parse(&parts, path, strlen(path), NULL) == 0) {
		(void)snprintf(own, sizeof(own), "%s/%.*s", topic,
			       (int)parts.subscription.n, parts.subscription.p);
		topic = own;
	}
	return ztp_send_json(gate, NULL, topic, object, qos, NULL);
}

/* True: the answer has been sent, or cannot be made, which has been logged. As
 * much as fits into a turn is printed in it. */
static bool send_answer(struct ztp_gate *gate, struct ztp_message *message)
{
	struct ztp_printing *printing = &message->printing;
	long left = ZTP_PRINTING_BYTES - gate->outbox.printed;
	bool done = ztp_printing_go(printing, message->object, &left);

	gate->outbox.printed = ZTP_PRINTING_BYTES - left;
	if (!done)
		return false;
	(void)ztp_send_text(gate, NULL, message->topic, printing->text,
			    printing->len, message->qos, NULL);
	cJSON_Delete(message->object);
	message->object = NULL;
	return true;
}

static bool is_answer(const char *topic)
{
	return strcmp(topic, ZTP_MQTT_RESPONSE) == 0;
}

static void append(struct ztp_outbox *outbox, struct ztp_message *message)
{
	message->next = NULL;
	if (outbox->last)
		outbox->last->next = message;
	else
		outbox->first = message;
	outbox->last = message;
	outbox->count++;
}

static void message_free(struct ztp_message *message)
{
	ztp_printing_clear(&message->printing);
	free(message->groups);
	free(message);
}

static bool put(struct ztp_gate *gate, const char *topic, cJSON *object,
		int qos)
{
	struct ztp_outbox *outbox = &gate->outbox;
	struct ztp_message *message = NULL;

	if (object && outbox->count < WAITING_MAX)
		message = malloc(sizeof(*message));
	if (!message) {
		cJSON_Delete(object);
		gate->audit_left_out += strcmp(topic, ZTP_MQTT_AUDIT) == 0;
		return false;
	}
	*message = (struct ztp_message){
		.group = ztp_db_group(gate->db),
		.topic = topic,
		.object = object,
		.qos = qos,
	};
	append(outbox, message);
	return true;
}

static struct ztp_message *take(struct ztp_outbox *outbox)
{
	struct ztp_message *message = outbox->first;

	outbox->first = message->next;
	if (!outbox->first)
		outbox->last = NULL;
	outbox->count--;
	return message;
}

/* A subscription that could not be told is told again a second later. */
static void publish(struct ztp_gate *gate, struct ztp_message *message)
{
	struct ztp_session *session = NULL;

	if (strcmp(message->topic, ZTP_MQTT_SUBSCRIBED) == 0)
		session = ztp_sessions_by_path(
			gate->sessions,
			string_of(message->object, ZTP_M_DEVICE_PATH));
	if (!send(gate, message->topic, message->object, message->qos) &&
	    session) {
		session->announce = true;
		gate->untold = true;
	}
	message_free(message);
}

/* A transaction that was rolled back has no number any more: what waited for it
 * waits for nothing. */
static void go_on(struct ztp_gate *gate)
{
	struct ztp_outbox *outbox = &gate->outbox;
	uint64_t group = ztp_db_group(gate->db);
	uint64_t durable = ztp_db_durable(gate->db);

	while (outbox->first && (outbox->first->group <= durable ||
				 outbox->first->group > group)) {
		struct ztp_message *first = outbox->first;

		if (!is_answer(first->topic)) {
			publish(gate, take(outbox));
			continue;
		}
		first->group = 0; /* what is printed cannot be taken back */
		if (!send_answer(gate, first)) {
			ztp_db_wake(gate->db);
			break;
		}
		message_free(take(outbox));
	}
}

void ztp_outbox_answer(struct ztp_gate *gate, cJSON *answer,
		       const uint64_t *groups, size_t count)
{
	uint64_t *copy = NULL;

	if (groups && count > 0)
		copy = malloc(count * sizeof(*copy));
	if (copy)
		memcpy(copy, groups, count * sizeof(*copy));
	if (ztp_outbox_put(gate, ZTP_MQTT_RESPONSE, answer, 1) && copy &&
	    gate->outbox.last && gate->outbox.last->object == answer)
		gate->outbox.last->groups = copy;
	else
		free(copy);
}

bool ztp_outbox_put(struct ztp_gate *gate, const char *topic, cJSON *object,
		    int qos)
{
	bool waits = gate->outbox.first ||
		     ztp_db_group(gate->db) > ztp_db_durable(gate->db);

	if (!waits && !is_answer(topic))
		return send(gate, topic, object, qos);
	if (!put(gate, topic, object, qos))
		return false;
	if (!waits)
		go_on(gate);
	return true;
}

void ztp_outbox_tick(struct ztp_gate *gate)
{
	gate->outbox.printed = 0;
	go_on(gate);
}

/* --- after a loss */

void ztp_outbox_spoil_one(cJSON *response)
{
	const cJSON *code =
		cJSON_GetObjectItemCaseSensitive(response, ZTP_M_CODE);

	if (!cJSON_IsString(code) ||
	    strcmp(code->valuestring, ZTP_CODE_OK) != 0)
		return;
	cJSON_DeleteItemFromObjectCaseSensitive(response, ZTP_M_CODE);
	cJSON_DeleteItemFromObjectCaseSensitive(response, ZTP_M_DATA);
	ztp_tree_put_text(response, ZTP_M_CODE, ZTP_CODE_UNAVAILABLE);
	ztp_tree_put_text(response, ZTP_M_ERROR,
			  "the registry database could not be written");
}

/* Answers that say OK say so of what is lost. */
void ztp_outbox_spoil(cJSON *responses, const uint64_t *groups, uint64_t kept)
{
	cJSON *response = responses ? responses->child : NULL;

	for (size_t i = 0; response; i++, response = response->next)
		if (!groups || groups[i] > kept)
			ztp_outbox_spoil_one(response);
}

/* The session, if it has outlived the loss. */
static const struct ztp_session *alive(struct ztp_gate *gate,
				       const struct ztp_message *message)
{
	const struct ztp_session *session = ztp_sessions_by_path(
		gate->sessions, string_of(message->object, ZTP_M_DEVICE_PATH));

	return session && session->live && session->right != ZTP_RIGHT_NONE
		       ? session
		       : NULL;
}

static bool is_in_state(const struct ztp_session *session,
			const struct ztp_message *message)
{
	return session && strcmp(string_of(message->object, ZTP_M_STATE),
				 ztp_session_state(session)) == 0;
}

static bool is_true_all_the_same(struct ztp_gate *gate,
				 const struct ztp_message *message)
{
	const char *verdict = string_of(message->object, ZTP_M_VERDICT);
	const char *code = string_of(message->object, ZTP_M_CODE);

	if (strcmp(message->topic, ZTP_MQTT_SUBSCRIBED) == 0)
		return is_in_state(alive(gate, message), message);
	if (strcmp(message->topic, ZTP_MQTT_AUDIT) != 0)
		return false;
	if (strcmp(code, ZTP_WHY_CONNECTED) == 0 ||
	    strcmp(verdict, ZTP_AUDIT_HELD) == 0)
		return alive(gate, message) != NULL;
	return strcmp(verdict, ZTP_AUDIT_REFUSED) == 0 ||
	       strcmp(verdict, ZTP_AUDIT_ENDED) == 0;
}

void ztp_outbox_lost(struct ztp_gate *gate, uint64_t kept)
{
	struct ztp_outbox before = gate->outbox;

	gate->outbox = (struct ztp_outbox){.printed = before.printed};
	while (before.first) {
		struct ztp_message *message = take(&before);
		bool answer = is_answer(message->topic);

		if (message->group > kept && answer)
			ztp_outbox_spoil(
				cJSON_GetObjectItemCaseSensitive(
					message->object, ZTP_M_RESPONSES),
				message->groups, kept);
		if (message->group > kept && !answer &&
		    !is_true_all_the_same(gate, message)) {
			cJSON_Delete(message->object);
			message_free(message);
			continue;
		}
		if (message->group > kept)
			message->group = kept;
		append(&gate->outbox, message);
	}
}

void ztp_outbox_clear(struct ztp_outbox *outbox)
{
	while (outbox->first) {
		struct ztp_message *message = take(outbox);

		cJSON_Delete(message->object);
		message_free(message);
	}
}
