/*
 * Mosquitto sends a will at two moments (from the source of 2.0 and 2.1):
 *
 * - after the client's DISCONNECT or CLIENT_OFFLINE event, at once or
 *   delayed. So a write by a pointer that has disconnected is a will. Only
 *   operators get this far, because everybody else is denied these topics
 *   anyway; so the ring holds operators only.
 * - when a connection with the same client ID takes over: after BASIC_AUTH
 *   of the new connection and before anything else, even DISCONNECT of the
 *   old one. So a write right after BASIC_AUTH, by another pointer with the
 *   same client ID, is a will. If the new connection had been refused, its
 *   own DISCONNECT would have come first.
 */
#include "gate/wills.h"

#include <string.h>

#include "gate/broker_api.h"

static uint64_t id_hash(const struct ztp_gate *gate, const char *id)
{
	struct ztp_map seed = {.seed = (uint64_t)(uintptr_t)gate};
	uint64_t hash = ztp_map_hash(&seed, id, strlen(id));

	return hash ? hash : 1;
}

void ztp_wills_arrive(struct ztp_gate *gate, const struct mosquitto *client,
		      const char *id)
{
	gate->wills.arriving = client;
	gate->wills.arriving_id = id ? id_hash(gate, id) : 0;
	ztp_wills_alive(gate, client);
}

void ztp_wills_leave(struct ztp_gate *gate, const struct mosquitto *client)
{
	struct ztp_wills *wills = &gate->wills;

	ztp_wills_settle(gate);
	/* No client ID: it was never accepted. */
	if (!mosquitto_client_id(client) ||
	    !ztp_options_is_operator(&gate->options,
				     mosquitto_client_username(client)))
		return;
	wills->gone[wills->next++ % ZTP_GONE_MAX] = client;
}

void ztp_wills_settle(struct ztp_gate *gate)
{
	gate->wills.arriving_id = 0;
}

void ztp_wills_alive(struct ztp_gate *gate, const struct mosquitto *client)
{
	for (size_t i = 0; i < ZTP_GONE_MAX; i++)
		if (gate->wills.gone[i] == client)
			gate->wills.gone[i] = NULL;
}

bool ztp_wills_is(const struct ztp_gate *gate, const struct mosquitto *client)
{
	const struct ztp_wills *wills = &gate->wills;
	const char *id = mosquitto_client_id(client);

	if (wills->arriving_id && wills->arriving != client && id &&
	    wills->arriving_id == id_hash(gate, id))
		return true;
	for (size_t i = 0; i < ZTP_GONE_MAX; i++)
		if (wills->gone[i] == client)
			return true;
	return false;
}
