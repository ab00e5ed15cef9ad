/*
 * A device's session is recognised by its client pointer. A client with a
 * device's client ID and no session of ours got in without the gate, through
 * another plugin or a listener without the gate, and is denied everything.
 *
 * The exception is a session that the broker has restored from its file. It has
 * no connection. If its username, which the gate gave it, names the registered
 * key, messages may be queued for it.
 */
#include "gate/acl.h"

#include <string.h>

#include "gate/answers.h"
#include "gate/auth.h"
#include "gate/broker_api.h"
#include "gate/devices.h"
#include "gate/topics.h"
#include "gate/wills.h"
#include "ztp/gate_protocol.h"

static enum ztp_access access_of(int access)
{
	switch (access) {
	case MOSQ_ACL_WRITE:
		return ZTP_ACCESS_WRITE;
	case MOSQ_ACL_SUBSCRIBE:
		return ZTP_ACCESS_SUBSCRIBE;
	case MOSQ_ACL_UNSUBSCRIBE:
		return ZTP_ACCESS_UNSUBSCRIBE;
	default:
		return ZTP_ACCESS_READ;
	}
}

static int answer_of(enum ztp_gate_answer answer)
{
	switch (answer) {
	case ZTP_GATE_ALLOW:
		return MOSQ_ERR_SUCCESS;
	case ZTP_GATE_DENY:
		return MOSQ_ERR_ACL_DENIED;
	case ZTP_GATE_DEFER:
		break;
	}
	return MOSQ_ERR_PLUGIN_DEFER;
}

/* Does the client's username, which the gate gave it, name the registered key of
 * the device? */
static bool is_registered(struct ztp_gate *gate, struct mosquitto *client,
			  const char *id, struct ztp_path *path,
			  struct ztp_device *device)
{
	const char *name = mosquitto_client_username(client);
	char own[ZTP_USERNAME_LEN];

	if (!name || ztp_path_parse(path, id, strlen(id), NULL) != 0 ||
	    ztp_devices_get(gate->db, device, id, NULL) <= 0 || device->blocked)
		return false;
	ztp_session_username(own, device->spki_sha256);
	return strcmp(name, own) == 0;
}

/* With check_retain_source the broker asks whether the author of a retained
 * message may still write it, and shows a client for that which is no session
 * and is on its stack. Like a session from its file it has no version. */
static bool is_author(const struct mosquitto_evt_acl_check *e)
{
	return e->access == MOSQ_ACL_WRITE &&
	       mosquitto_client_protocol_version(e->client) == 0;
}

static enum ztp_gate_answer
author_check(struct ztp_gate *gate, const struct mosquitto_evt_acl_check *e,
	     const char *id)
{
	struct ztp_device device;
	struct ztp_path path;

	return is_registered(gate, e->client, id, &path, &device)
		       ? ztp_gate_device_access(
				 ZTP_RIGHT_DEVICE, gate->options.command_topic,
				 &path, ZTP_ACCESS_WRITE, e->topic, e->retain)
		       : ZTP_GATE_DENY;
}

/* A session from the broker's file that has not connected yet. */
static struct ztp_session *adopt(struct ztp_gate *gate,
				 struct mosquitto *client, const char *id)
{
	struct ztp_device device;
	struct ztp_session *session;
	struct ztp_path path;

	if (mosquitto_client_protocol_version(client) != 0 ||
	    ztp_sessions_by_path(gate->sessions, id) ||
	    !is_registered(gate, client, id, &path, &device) ||
	    ztp_topics_taken(gate->topics, &path))
		return NULL;
	session = ztp_sessions_add(gate->sessions, client, &path);
	if (!session)
		return NULL;
	memcpy(session->spki_sha256, device.spki_sha256, ZTP_SHA256_LEN);
	memcpy(session->fingerprint, device.fingerprint, ZTP_SHA256_LEN);
	memcpy(session->identity, device.identity, ZTP_SHA256_LEN);
	session->right = ZTP_RIGHT_DEVICE;
	session->live = false;
	session->restored = true;
	return session;
}

enum filter { FILTER_OTHER, FILTER_NAME, FILTER_TREE };

/* A device may use two filters for its command topic, also both at once. */
static enum filter filter_of(const struct ztp_gate *gate,
			     const struct ztp_session *session,
			     const char *filter)
{
	char own[ZTP_TOPIC_MAX + 3];
	size_t len = ztp_topic_render(own, gate->options.command_topic,
				      &session->parts);

	if (strcmp(filter, own) == 0)
		return FILTER_NAME;
	memcpy(own + len, "/#", 3);
	return strcmp(filter, own) == 0 ? FILTER_TREE : FILTER_OTHER;
}

/* The broker keeps each filter, without a bound of its own, and two do for all
 * that a device may read. Those of the command topic are always among them. */
static bool is_too_many(const struct ztp_gate *gate,
			const struct ztp_session *session, const char *filter)
{
	return session->live && !session->leaving &&
	       mosquitto_client_sub_count(session->client) >=
		       ZTP_SUBSCRIPTIONS_MAX &&
	       filter_of(gate, session, filter) == FILTER_OTHER;
}

/* The device has subscribed to its command topic, or unsubscribed: the bridge
 * is waiting to hear of it. */
static void note_subscription(struct ztp_gate *gate,
			      struct ztp_session *session,
			      enum ztp_access access, const char *filter)
{
	bool on = access == ZTP_ACCESS_SUBSCRIBE;

	if (session->leaving || !session->live)
		return;
	session->discard = false;
	switch (filter_of(gate, session, filter)) {
	case FILTER_NAME:
		session->by_name = session->had.by_name = on;
		break;
	case FILTER_TREE:
		session->by_tree = session->had.by_tree = on;
		break;
	case FILTER_OTHER:
		return;
	}
	session->subscribed = session->by_name || session->by_tree;
	session->announce = on || (session->announce && session->subscribed);
	/* Without memory for the list, it is told a second later. */
	if (ztp_gate_touch(gate, session) != 0)
		gate->untold = true;
}

static enum ztp_gate_answer
device_check(struct ztp_gate *gate, struct ztp_session *session,
	     const struct mosquitto_evt_acl_check *e)
{
	enum ztp_access access = access_of(e->access);
	enum ztp_gate_answer answer;

	if (access == ZTP_ACCESS_READ && session->discard)
		return ZTP_GATE_DENY; /* queued for another key */
	answer = ztp_gate_device_access(
		session->right, gate->options.command_topic, &session->parts,
		access, e->topic, e->retain);
	if (answer == ZTP_GATE_ALLOW && access == ZTP_ACCESS_WRITE &&
	    !ztp_answers_allow(gate, session, e->topic, e->payloadlen))
		return ZTP_GATE_DENY;
	if (answer == ZTP_GATE_ALLOW && access == ZTP_ACCESS_SUBSCRIBE &&
	    is_too_many(gate, session, e->topic))
		return ZTP_GATE_DENY;
	if (answer == ZTP_GATE_ALLOW && (access == ZTP_ACCESS_SUBSCRIBE ||
					 access == ZTP_ACCESS_UNSUBSCRIBE))
		note_subscription(gate, session, access, e->topic);
	return answer;
}

static enum ztp_gate_answer other_check(struct ztp_gate *gate,
					const struct mosquitto_evt_acl_check *e)
{
	bool is_operator = ztp_options_is_operator(
		&gate->options, mosquitto_client_username(e->client));
	enum ztp_access access = access_of(e->access);
	enum ztp_gate_answer answer;

	if (access == ZTP_ACCESS_WRITE && is_operator &&
	    ztp_wills_is(gate, e->client))
		access = ZTP_ACCESS_WILL;
	answer =
		ztp_gate_other_access(is_operator, gate->options.command_filter,
				      access, e->topic, e->retain);
	if (access == ZTP_ACCESS_SUBSCRIBE && is_operator) {
		ztp_wills_alive(gate, e->client);
		if (ztp_gate_overlap(e->topic, ZTP_MQTT_PENDING) ||
		    ztp_gate_overlap(e->topic, ZTP_MQTT_PENDING "/+"))
			ztp_round_now(&gate->offers.round);
		if (ztp_gate_overlap(e->topic, ZTP_MQTT_WITHDRAWN))
			ztp_round_now(&gate->withdrawals);
	}
	return answer;
}

/* A client with a device's client ID for which BASIC_AUTH was not called may be
 * at the address of that device's old session. It does not have the username
 * that the gate gave that session. */
static bool is_of(const struct ztp_session *session,
		  const struct mosquitto *client, const char *id)
{
	const char *name = mosquitto_client_username(client);
	char own[ZTP_USERNAME_LEN];

	if (strcmp(session->path, id) != 0)
		return false;
	if (session->live)
		return true;
	ztp_session_username(own, session->spki_sha256);
	return name && strcmp(name, own) == 0;
}

int ztp_acl_check(int event, void *event_data, void *userdata)
{
	const struct mosquitto_evt_acl_check *e = event_data;
	struct ztp_gate *gate = userdata;
	const char *id = mosquitto_client_id(e->client);
	struct ztp_session *session;
	enum ztp_gate_answer answer;

	(void)event;
	if (!id || !e->topic)
		return MOSQ_ERR_ACL_DENIED;
	if (is_author(e) && ztp_auth_is_device(id)) {
		ztp_wills_settle(gate);
		return answer_of(author_check(gate, e, id));
	}
	session = ztp_sessions_by_client(gate->sessions, e->client);
	if (session && !is_of(session, e->client, id)) {
		/* The session ended without an event; another client has its
		 * pointer now. */
		ztp_sessions_remove(gate->sessions, session);
		session = NULL;
	}
	if (!ztp_auth_is_device(id))
		answer = other_check(gate, e);
	else if (session || (session = adopt(gate, e->client, id)) != NULL)
		answer = device_check(gate, session, e);
	else
		answer = ZTP_GATE_DENY;
	ztp_wills_settle(gate);
	return answer_of(answer);
}
