/*
 * Ending a session has two parts. Its rights end at once, in memory: the next
 * access check denies. Its connection is ended by a kick, which calls back into
 * this plugin (an ACL check for each subscription, then DISCONNECT). The kick
 * is therefore left to TICK, unless an answer has to wait for it
 * (createDevice).
 *
 * A kick of an offline session must not be "without will": Mosquitto 2.0 would
 * put the session on its expiry list a second time. "With will" only checks the
 * subscriptions again and removes those that are denied now. A session that the
 * broker has restored from its file must not be kicked at all, because
 * Mosquitto does not count it as disconnected. It loses its rights, and what is
 * stored for it is dropped when somebody connects with its client ID.
 */
#include "gate/gate.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "gate/asked.h"
#include "gate/audit.h"
#include "gate/broker_api.h"
#include "gate/candidates.h"
#include "gate/devices.h"
#include "gate/log.h"
#include "gate/outbox.h"
#include "gate/sweeps.h"
#include "gate/topics.h"
#include "ztp/gate_protocol.h"

void ztp_gate_trouble(struct ztp_gate *gate, const struct ztp_error *error)
{
	ztp_gate_log_limited(&gate->log_limit, error, ztp_clock_boot());
}

int ztp_client_list_add(struct ztp_client_list *list,
			const struct mosquitto *client)
{
	if (list->count > 0 && list->clients[list->count - 1] == client)
		return 0;
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 64;
		const struct mosquitto **grown =
			realloc(list->clients, capacity * sizeof(const void *));

		if (!grown)
			return ZTP_ERR_NOMEM;
		list->clients = grown;
		list->capacity = capacity;
	}
	list->clients[list->count++] = client;
	return 0;
}

void ztp_client_list_clear(struct ztp_client_list *list)
{
	free(list->clients);
	*list = (struct ztp_client_list){0};
}

/* Once, however often a device subscribes while its commit is not durable. */
int ztp_gate_touch(struct ztp_gate *gate, struct ztp_session *session)
{
	int rc = 0;

	if (!session->touched)
		rc = ztp_client_list_add(&gate->touched, session->client);
	session->touched = rc == 0;
	return rc;
}

void ztp_gate_hang(struct ztp_gate *gate, struct ztp_session *session)
{
	session->group = ztp_db_group(gate->db);
	if (session->group > ztp_db_durable(gate->db) &&
	    ztp_client_list_add(&gate->hanging, session->client) != 0)
		gate->hanging_unlisted = true;
}

void ztp_gate_unhang(struct ztp_gate *gate)
{
	uint64_t durable = ztp_db_durable(gate->db);
	size_t left = 0;

	for (size_t i = 0; i < gate->hanging.count; i++) {
		const struct mosquitto *client = gate->hanging.clients[i];
		const struct ztp_session *session =
			ztp_sessions_by_client(gate->sessions, client);

		if (session && session->group > durable)
			gate->hanging.clients[left++] = client;
	}
	gate->hanging.count = left;
	if (ztp_db_group(gate->db) <= durable)
		gate->hanging_unlisted = false;
	ztp_registries_durable(gate->registries, durable);
	ztp_topics_durable(gate->topics, durable);
}

struct loss {
	struct ztp_gate *gate;
	uint64_t kept;
	bool readable; /* the database shows what is kept */
};

static bool get_candidate(struct ztp_gate *gate,
			  struct ztp_candidate *candidate,
			  const struct ztp_session *session)
{
	return ztp_candidates_get(gate->db, candidate, session->path,
				  session->fingerprint, NULL) > 0 &&
	       !candidate->rejected &&
	       memcmp(candidate->spki_sha256, session->spki_sha256,
		      ZTP_SHA256_LEN) == 0;
}

/* Does the database have what gives the session its rights, and the session its
 * topic? */
static bool is_stored(struct ztp_gate *gate, const struct ztp_session *session)
{
	struct ztp_candidate candidate;
	struct ztp_device device;

	if (ztp_topics_taken(gate->topics, &session->parts))
		return false;
	if (session->right == ZTP_RIGHT_HELD)
		return get_candidate(gate, &candidate, session) &&
		       strcmp(candidate.id, session->request_id) == 0;
	return ztp_devices_get(gate->db, &device, session->path, NULL) > 0 &&
	       !device.blocked &&
	       memcmp(device.spki_sha256, session->spki_sha256,
		      ZTP_SHA256_LEN) == 0 &&
	       strcmp(device.request_id, session->request_id) == 0 &&
	       ztp_topics_claim(gate->topics, &session->parts, NULL) == 0;
}

/* A held device that createDevice had made a device is held again. In a direct
 * registry it would wait for nobody, so it comes again. */
static bool is_held_again(struct ztp_gate *gate, struct ztp_session *session)
{
	const struct ztp_registry *registry =
		ztp_registries_of(gate->registries, &session->parts);
	struct ztp_candidate candidate;

	if (session->right != ZTP_RIGHT_DEVICE || !gate->options.hold ||
	    !registry || registry->onboarding != ZTP_ONBOARDING_CUSTOM ||
	    ztp_topics_taken(gate->topics, &session->parts) ||
	    !get_candidate(gate, &candidate, session))
		return false;
	session->right = ZTP_RIGHT_HELD;
	memcpy(session->request_id, candidate.id, sizeof(candidate.id));
	session->announce = session->subscribed;
	if (session->live && ztp_gate_touch(gate, session) != 0)
		gate->untold = true;
	return true;
}

static void end_lost(struct ztp_session *session, void *arg)
{
	struct loss *loss = arg;

	if (session->group <= loss->kept || session->right == ZTP_RIGHT_NONE)
		return;
	if (loss->readable && (is_stored(loss->gate, session) ||
			       is_held_again(loss->gate, session))) {
		session->group = loss->kept;
		return;
	}
	ztp_audit(loss->gate, &(struct ztp_audit){
				      .verdict = ZTP_AUDIT_ENDED,
				      .code = ZTP_WHY_NOT_STORED,
				      .path = session->path,
				      .fingerprint = session->fingerprint,
				      .request_id = session->request_id,
				      .always = true,
			      });
	ztp_gate_end_later(loss->gate, session);
}

/* Those that hang on what is lost: few, however many there are. */
static void end_sessions(struct loss *loss)
{
	struct ztp_gate *gate = loss->gate;

	if (gate->hanging_unlisted) {
		ztp_sessions_each(gate->sessions, end_lost, loss);
		return;
	}
	for (size_t i = 0; i < gate->hanging.count; i++) {
		struct ztp_session *session = ztp_sessions_by_client(
			gate->sessions, gate->hanging.clients[i]);

		if (session)
			end_lost(session, loss);
	}
}

/* Ends what hangs on the commits after `kept`. */
static void end_after(struct ztp_gate *gate, uint64_t kept, bool readable)
{
	struct loss loss = {gate, kept, readable};

	end_sessions(&loss);
	ztp_gate_unhang(gate);
	ztp_sweeps_lost(gate, kept);
	ztp_asked_lost(&gate->commands, kept);
	ztp_outbox_lost(gate, kept);
}

/* The commits after `kept` are lost, and the database shows it. */
static void forget_after(struct ztp_gate *gate, uint64_t kept)
{
	ztp_topics_lost(gate->topics, kept);
	if (!ztp_registries_lost(gate->registries, kept))
		gate->stale = true;
	end_after(gate, kept, true);
	ztp_topics_mark(gate->topics); /* what follows is not taken back */
}

void ztp_gate_rolled_back(struct ztp_gate *gate)
{
	struct ztp_error error = {0};

	ztp_db_rollback(gate->db);
	gate->losses++;
	gate->offers.fresh_count = 0;
	forget_after(gate, ztp_db_group(gate->db));
	if (gate->stale || ztp_sweeps_reload(gate, &error) != 0) {
		gate->stale = true;
		(void)ztp_gate_restore(gate);
	}
}

void ztp_gate_mark(struct ztp_gate *gate)
{
	ztp_db_mark(gate->db);
	ztp_topics_mark(gate->topics);
}

void ztp_gate_undo(struct ztp_gate *gate)
{
	int rc = ztp_db_undo(gate->db);

	ztp_topics_undo(gate->topics);
	if (rc < 0) {
		ztp_gate_rolled_back(gate);
	} else if (rc > 0) {
		gate->stale = true;
		(void)ztp_gate_restore(gate);
	}
}

static int commit(struct ztp_gate *gate, struct ztp_error *error)
{
	int rc = ztp_db_commit(gate->db, error);

	if (rc == 0)
		ztp_registries_kept(gate->registries);
	else
		ztp_gate_rolled_back(gate);
	return rc;
}

void ztp_gate_commit(struct ztp_gate *gate)
{
	struct ztp_error error = {0};

	if (commit(gate, &error) != 0)
		ztp_gate_trouble(gate, &error);
}

int ztp_gate_secure(struct ztp_gate *gate, struct ztp_error *error)
{
	return ztp_db_is_doubtful(gate->db) ? commit(gate, error) : 0;
}

void ztp_gate_check_disk(struct ztp_gate *gate)
{
	uint64_t durable = ztp_db_durable(gate->db);
	struct ztp_error error = {0};

	if (!ztp_db_failed(gate->db, &error) || gate->failed)
		return;
	gate->failed = true;
	gate->losses++;
	gate->offers.fresh_count = 0;
	ztp_gate_trouble(gate, &error);
	(void)ztp_gate_restore(gate);
	if (gate->failed) /* nor can it be opened again */
		end_after(gate, durable, false);
}

/* Until then devices connect by what the failed database shows, which may be
 * what is lost. */
static int reopen(struct ztp_gate *gate, struct ztp_error *error)
{
	uint64_t kept = ztp_db_durable(gate->db);
	int rc = ztp_db_recover(gate->db, error);

	gate->failed = rc != 0;
	if (rc == 0)
		forget_after(gate, kept);
	return rc;
}

bool ztp_gate_restore(struct ztp_gate *gate)
{
	struct ztp_error error = {0};
	int rc = 0;

	if (!gate->stale && !gate->failed)
		return true;
	if (gate->failed)
		rc = reopen(gate, &error);
	/* Also without a database: then no registry is known. */
	if (gate->stale &&
	    ztp_registries_reload(gate->registries, rc ? NULL : &error) != 0)
		rc = ZTP_ERR_IO;
	else if (rc == 0)
		gate->stale = false;
	if (rc == 0)
		rc = ztp_sweeps_reload(gate, &error);
	if (rc != 0) {
		gate->stale |= !gate->failed;
		ztp_gate_trouble(gate, &error);
	}
	return rc == 0;
}

void ztp_gate_kick(struct ztp_session *session, bool with_will)
{
	char path[ZTP_PATH_MAX + 1];

	memcpy(path, session->path, strlen(session->path) + 1);
	session->leaving = true;
	/* Not found: the connection is already gone, which is what we want. */
	(void)mosquitto_kick_client_by_clientid(path, with_will);
}

void ztp_gate_end_later(struct ztp_gate *gate, struct ztp_session *session)
{
	session->right = ZTP_RIGHT_NONE;
	/* Without memory for the list it stays connected a second longer, but
	 * without rights. */
	if (ztp_client_list_add(&gate->kicks, session->client) != 0)
		gate->unended = true;
}

void ztp_gate_end_now(struct ztp_gate *gate, struct ztp_session *session)
{
	const struct mosquitto *client = session->client;

	session->right = ZTP_RIGHT_NONE;
	if (!session->restored)
		ztp_gate_kick(session, !session->live);
	session = ztp_sessions_by_client(gate->sessions, client);
	if (session)
		ztp_sessions_remove(gate->sessions, session);
}

void ztp_gate_end_sharing(struct ztp_gate *gate, const struct ztp_path *path)
{
	struct ztp_session *session;

	while ((session = ztp_sessions_sharing(gate->sessions, path)) != NULL) {
		ztp_audit(gate, &(struct ztp_audit){
					.verdict = ZTP_AUDIT_ENDED,
					.code = ZTP_WHY_TOPIC_IN_USE,
					.path = session->path,
					.fingerprint = session->fingerprint,
				});
		ztp_gate_end_now(gate, session);
	}
}

void ztp_gate_end_path(struct ztp_gate *gate, const char *path)
{
	struct ztp_session *session;

	ztp_sessions_forget(gate->sessions, path);
	session = ztp_sessions_by_path(gate->sessions, path);
	if (!session)
		return;
	if (session->live)
		ztp_gate_end_later(gate, session);
	else
		ztp_gate_end_now(gate, session);
}
