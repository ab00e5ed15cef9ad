/*
 * SIGHUP makes the broker ask BASIC_AUTH again for every session, online and
 * offline, with the username as the gate has changed it. Nothing is judged
 * then: not the JWT, which may have expired meanwhile, nor anything else. What
 * makes a repetition of it:
 *
 * - the session is live under this very pointer, with the same client ID and
 *   the same password. A live pointer cannot be anybody else's.
 * - or the session has no connection: between RELOAD and the next TICK, when
 *   nothing but the broker's own loop over its sessions runs (a websocket
 *   may: it is judged), or with protocol version 0, as only sessions from the
 *   broker's file have. There is nobody to let in.
 */
#include "gate/auth.h"

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <string.h>

#include "base/clock.h"
#include "gate/admit.h"
#include "gate/wills.h"

#define PREFIX		"subscriptions/"
#define TICK_MISSING_MS 5000

bool ztp_auth_is_device(const char *id)
{
	return strncmp(id, PREFIX, sizeof(PREFIX) - 1) == 0;
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
	if (mosquitto_client_protocol_version(client) == 0)
		return true;
	if (!session || strcmp(session->path, id) != 0)
		return false;
	if (session->live)
		return same_password(session, password);
	return gate->reloading &&
	       mosquitto_client_protocol(client) != mp_websockets;
}

/* Without TICK nothing is committed, ended or offered. The broker never calls
 * it with per_listener_settings, which would also leave listeners without
 * this gate: devices are refused then. */
static bool ticks(struct ztp_gate *gate)
{
	int64_t now = ztp_clock_boot();

	if (gate->ticked)
		return true;
	if (gate->first_auth == 0)
		gate->first_auth = now;
	if (now - gate->first_auth < TICK_MISSING_MS)
		return true;
	mosquitto_log_printf(MOSQ_LOG_ERR,
			     "ztp gate: the broker does not call it back; "
			     "per_listener_settings must be false. Devices "
			     "are refused.");
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

/* Does the broker keep the session? MQTT 5 does not tell a plugin; an entry
 * too many goes when the path connects again. */
static bool may_persist(const struct mosquitto *client)
{
	return mosquitto_client_protocol_version(client) == 5 ||
	       !mosquitto_client_clean_session(client);
}

int ztp_auth_disconnect(int event, void *event_data, void *userdata)
{
	struct mosquitto_evt_disconnect *e = event_data;
	struct ztp_gate *gate = userdata;
	struct ztp_session *session, *newest;

	(void)event;
	ztp_wills_leave(gate, e->client);
	session = ztp_sessions_by_client(gate->sessions, e->client);
	if (!session)
		return MOSQ_ERR_SUCCESS;
	newest = ztp_sessions_by_path(gate->sessions, session->path);
	/* A second time: the broker has given the session up. */
	if (!session->live || newest != session || !may_persist(e->client) ||
	    session->right == ZTP_RIGHT_NONE) {
		ztp_sessions_remove(gate->sessions, session);
		return MOSQ_ERR_SUCCESS;
	}
	session->live = false;
	session->subscribed = session->by_name = session->by_tree = false;
	session->announce = false;
	session->leaving = false;
	return MOSQ_ERR_SUCCESS;
}

int ztp_auth_reload(int event, void *event_data, void *userdata)
{
	struct ztp_gate *gate = userdata;

	(void)event;
	(void)event_data;
	gate->reloading = true;
	return MOSQ_ERR_PLUGIN_DEFER; /* or the plugins behind are not told */
}
