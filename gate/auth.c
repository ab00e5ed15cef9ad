/*
 * On SIGHUP the broker calls BASIC_AUTH again for every session, online and
 * offline, with the username as the gate has changed it. Nothing is checked
 * then, not even the JWT, which may have expired in the meantime. A call is
 * such a repetition if
 *
 * - the session is live under this pointer, with the same client ID and
 *   the same password. A live pointer cannot belong to another client.
 * - or the session has no connection. That is the case between RELOAD and
 *   the next TICK, when nothing but the broker's own loop over its sessions
 *   runs, or with protocol version 0, which only sessions from the broker's
 *   file have. There is nobody to let in. Only websockets may connect in
 *   between, where libwebsockets handles them (2.0); for these the password
 *   must be the same. In 2.1 a session that was a websocket's is still one
 *   while it is away.
 *
 * The gate may have ended a session that the broker keeps, and have no entry of
 * it: that one has no rights, and its repetition is allowed all the same. 2.0
 * would end the refused one a second time, and use it after it has been freed.
 *
 * When a connection ends, the broker says so before it frees anything:
 *
 *			      2.0			2.1
 *	session kept	      DISCONNECT		CLIENT_OFFLINE
 *	session over	      DISCONNECT		DISCONNECT
 *	taken over	      DISCONNECT of the old one, also if it has no
 *			      connection, after BASIC_AUTH of the new one
 *	kept one expires      nothing			nothing
 *	broker's end	      nothing (and no TICK any more)
 *
 * So `live`, and with it the pointer, can be relied on. The pointer of a
 * session that is kept may be freed at any time and come back as another
 * connection's: it may be compared but never followed.
 */
#include "gate/auth.h"

#include <string.h>

#include "base/clock.h"
#include "gate/admit.h"
#include "gate/broker_api.h"
#include "gate/log.h"
#include "gate/wills.h"

#define TICK_MISSING_MS 5000

bool ztp_auth_is_device(const char *id)
{
	return strncmp(id, ZTP_PATH_SUBSCRIPTION,
		       sizeof(ZTP_PATH_SUBSCRIPTION) - 1) == 0;
}

static bool same_password(const struct ztp_session *session,
			  const char *password)
{
	uint8_t digest[ZTP_SHA256_LEN];

	if (!password)
		return false;
	ztp_sha256(digest, password, strlen(password));
	return memcmp(digest, session->password, ZTP_SHA256_LEN) == 0;
}

static bool is_repetition(const struct ztp_gate *gate,
			  const struct ztp_session *session,
			  const struct mosquitto *client, const char *id,
			  const char *password)
{
	bool known = session && strcmp(session->path, id) == 0;

	if (mosquitto_client_protocol_version(client) == 0)
		return true;
	if (known && session->live)
		return same_password(session, password);
	return gate->reloading &&
	       (mosquitto_client_protocol(client) != mp_websockets ||
		(known && same_password(session, password)));
}

/* Without TICK nothing is committed, ended or offered, so devices are refused.
 * Up to 2.0.14 the broker never calls TICK with per_listener_settings true.
 * Later versions do; there gate/listeners.c keeps them from starting. */
static bool ticks(struct ztp_gate *gate)
{
	int64_t now = ztp_clock_boot();
	struct ztp_error error;

	if (gate->ticked)
		return true;
	if (gate->first_auth == 0)
		gate->first_auth = now;
	if (now - gate->first_auth < TICK_MISSING_MS)
		return true;
	(void)ztp_fail(&error, ZTP_ERR_INTERNAL,
		       "the broker does not call MOSQ_EVT_TICK; "
		       "per_listener_settings must be false. All devices are "
		       "refused.");
	ztp_gate_trouble(gate, &error);
	return false;
}

int ztp_auth_basic(int event, void *event_data, void *userdata)
{
	struct mosquitto_evt_basic_auth *e = event_data;
	struct ztp_gate *gate = userdata;
	const char *id = mosquitto_client_id(e->client);
	struct ztp_session *session =
		ztp_sessions_by_client(gate->sessions, e->client);

	(void)event;
	if (!gate->reloading)
		ztp_wills_arrive(gate, e->client, id);
	if (session && session->live && id && strcmp(session->path, id) == 0 &&
	    is_repetition(gate, session, e->client, id, e->password))
		return MOSQ_ERR_SUCCESS;
	if (!id || !ztp_auth_is_device(id)) {
		if (session)
			ztp_sessions_remove(gate->sessions, session);
		return MOSQ_ERR_PLUGIN_DEFER;
	}
	if (is_repetition(gate, session, e->client, id, e->password))
		return MOSQ_ERR_SUCCESS;
	if (session)
		ztp_sessions_remove(gate->sessions, session);
	if (!ticks(gate))
		return MOSQ_ERR_AUTH;
	return ztp_admit(gate, e->client, id, e->username, e->password)
		       ? MOSQ_ERR_SUCCESS
		       : MOSQ_ERR_AUTH;
}

/* Does the broker keep the session? Before 2.1 it does not tell a plugin what
 * an MQTT 5 client has asked for. An entry that was kept for nothing goes when
 * the path connects again. */
static bool may_persist(const struct ztp_gate *gate,
			const struct mosquitto *client)
{
	return !gate->tells_offline &&
	       (mosquitto_client_protocol_version(client) == 5 ||
		!mosquitto_client_clean_session(client));
}

/* 2.1.0 to 2.1.2 publish the will of an MQTT 5 session that is over when its delay
 * is, which they do not tell either. So its entry stays until the path connects
 * again or loses its rights. */
static bool may_have_late_will(const struct ztp_gate *gate,
			       const struct ztp_session *session,
			       const struct mosquitto *client)
{
	return gate->tells_offline && session->right == ZTP_RIGHT_DEVICE &&
	       mosquitto_client_protocol_version(client) == 5;
}

/* TICK removes it, after the will: the broker asks about that after this. */
static int remove_later(struct ztp_gate *gate,
			const struct ztp_session *session,
			const struct mosquitto *client)
{
	if (may_have_late_will(gate, session, client))
		return 0;
	return ztp_client_list_add(&gate->over, client);
}

/* kept: the broker still has the session, but no connection. */
static void left(struct ztp_gate *gate, struct mosquitto *client, bool kept)
{
	struct ztp_session *session;

	ztp_wills_leave(gate, client);
	session = ztp_sessions_by_client(gate->sessions, client);
	if (!session)
		return;
	if (session->right == ZTP_RIGHT_NONE || (!kept && !session->live) ||
	    ztp_sessions_by_path(gate->sessions, session->path) != session ||
	    (!kept && remove_later(gate, session, client) != 0)) {
		ztp_sessions_remove(gate->sessions, session);
		return;
	}
	session->had = ztp_session_subscribed(session);
	session->live = false;
	session->subscribed = session->by_name = session->by_tree = false;
	session->announce = false;
	session->leaving = false;
	session->over = !kept;
}

int ztp_auth_disconnect(int event, void *event_data, void *userdata)
{
	const struct mosquitto_evt_disconnect *e = event_data;
	struct ztp_gate *gate = userdata;
	const struct ztp_session *session =
		ztp_sessions_by_client(gate->sessions, e->client);

	(void)event;
	/* A session without a connection: the broker has given it up. */
	left(gate, e->client,
	     session && session->live && may_persist(gate, e->client));
	return MOSQ_ERR_SUCCESS;
}

int ztp_auth_offline(int event, void *event_data, void *userdata)
{
	/* 2.0 does not have struct mosquitto_evt_client_offline; it is the same
	 * as this one. */
	const struct mosquitto_evt_disconnect *e = event_data;

	(void)event;
	left(userdata, e->client, true);
	return MOSQ_ERR_SUCCESS;
}

int ztp_auth_reload(int event, void *event_data, void *userdata)
{
	struct ztp_gate *gate = userdata;

	(void)event;
	(void)event_data;
	gate->reloading = true;
	/* 2.0 takes success to mean that no other plugin needs to be told. 2.1
	 * takes anything else as an error, and exits. */
	return gate->tells_offline ? MOSQ_ERR_SUCCESS : MOSQ_ERR_PLUGIN_DEFER;
}
