/*
 * Carries out a verdict. Durability: CONNACK waits for no disk. TICK commits
 * what all attempts have written since the last commit, and what is said of
 * it waits until it is durable (gate/outbox.h). If it is lost, the session ends
 * (session->group).
 *
 * After a write that has failed the next new device waits for its own, and is
 * refused if it fails as well (ztp_gate_secure): otherwise a full disk would let
 * each one in at every try and end its session a moment later.
 */
#include "gate/attempt.h"

#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "gate/broker_api.h"
#include "gate/ending.h"
#include "gate/pending.h"
#include "gate/stored.h"
#include "gate/topics.h"

#define SEEN_EVERY_MS (3600 * 1000LL)

struct ztp_gate_verdict ztp_attempt_refuse(const char *code)
{
	return (struct ztp_gate_verdict){ZTP_ADMIT_REFUSE, code};
}

/* Internal errors are one code to the outside, those of the database another;
 * the log has the details. */
struct ztp_gate_verdict ztp_attempt_failed(const struct ztp_attempt *a,
					   const struct ztp_error *error)
{
	switch (error->code) {
	case ZTP_ERR_NOMEM:
	case ZTP_ERR_INTERNAL:
		ztp_gate_trouble(a->gate, error);
		return ztp_attempt_refuse(ztp_err_name(ZTP_ERR_INTERNAL));
	case ZTP_ERR_IO:
	case ZTP_ERR_FULL:
		ztp_gate_trouble(a->gate, error);
		return ztp_attempt_refuse(ZTP_WHY_UNAVAILABLE);
	case ZTP_ERR_EMPTY:
	case ZTP_ERR_TOO_LARGE:
	case ZTP_ERR_BASE64:
	case ZTP_ERR_VALUE:
	case ZTP_ERR_NUL:
		return ztp_attempt_refuse(ztp_err_name(ZTP_ERR_CERT));
	default:
		return ztp_attempt_refuse(ztp_err_name(error->code));
	}
}

static void make_id(struct ztp_attempt *a)
{
	uint8_t random[10];
	char id[ZTP_UUID_LEN];

	ztp_random(random, sizeof(random));
	ztp_uuid7(id, a->wall, random);
	memcpy(a->request_id, id, sizeof(id));
}

/* May the client have what the broker has stored under its client ID? Only if
 * that is known to be this key's. Otherwise it is not handed over: the broker
 * deletes what may not be read at a reconnect. */
static bool stored_is_own(const struct ztp_attempt *a)
{
	const struct ztp_session *before =
		ztp_sessions_by_path(a->gate->sessions, a->id);

	if (before)
		return memcmp(before->spki_sha256, a->spki_sha256,
			      ZTP_SHA256_LEN) == 0;
	return a->facts.device_known &&
	       ztp_stored_is_of(a->gate, a->device.connected_at);
}

/* A session ends at its JWT's exp. A session that only the allowed clock skew
 * let in ends when the skew is used up. */
static int64_t deadline(const struct ztp_attempt *a)
{
	int64_t left = a->jwt.claims.expires_ms - a->wall;

	if (left <= 0)
		left += ZTP_JWT_SKEW_MS;
	return a->boot + left;
}

/* Replaces the certificate as the username, so that it does not stay in the
 * broker's memory, logs and access checks. */
static int rename_client(const struct ztp_attempt *a)
{
	char name[ZTP_USERNAME_LEN];

	ztp_session_username(name, a->spki_sha256);
	return mosquitto_set_username(a->client, name);
}

/* What the broker keeps of the path's session belongs to the next one. */
static struct ztp_subscribed subscribed_before(const struct ztp_attempt *a)
{
	const struct ztp_session *before =
		ztp_sessions_by_path(a->gate->sessions, a->id);

	return before ? ztp_session_subscribed(before)
		      : (struct ztp_subscribed){0};
}

static struct ztp_session *enter(struct ztp_attempt *a, enum ztp_right right)
{
	struct ztp_gate *gate = a->gate;
	bool own = stored_is_own(a);
	struct ztp_subscribed had = subscribed_before(a);
	struct ztp_session *session;

	if (rename_client(a) != 0)
		return NULL;
	if (right == ZTP_RIGHT_DEVICE)
		ztp_gate_end_sharing(gate, &a->path);
	session = ztp_sessions_add(gate->sessions, a->client, &a->path);
	if (!session)
		return NULL;
	memcpy(session->spki_sha256, a->spki_sha256, ZTP_SHA256_LEN);
	memcpy(session->fingerprint, a->fingerprint, ZTP_SHA256_LEN);
	memcpy(session->identity,
	       a->has_cert ? a->cert.identity : a->device.identity,
	       ZTP_SHA256_LEN);
	memcpy(session->password, a->password, ZTP_SHA256_LEN);
	memcpy(session->request_id, a->request_id, sizeof(a->request_id));
	session->right = right;
	ztp_gate_hang(gate, session);
	session->by_certificate = a->has_cert;
	session->discard = !own;
	/* A subscription belongs to the path, whichever key made it. What was
	 * queued by it may belong to another key. */
	session->inherits = !mosquitto_client_clean_session(a->client);
	if (session->inherits)
		session->had = had;
	session->expires_at = deadline(a);
	if (session->expires_at < gate->next_expiry)
		gate->next_expiry = session->expires_at;
	if (ztp_gate_touch(gate, session) != 0) {
		ztp_sessions_remove(gate->sessions, session);
		return NULL;
	}
	return session;
}

static bool connect_device(struct ztp_attempt *a)
{
	struct ztp_session *session;
	struct ztp_error error = {0};

	memcpy(a->request_id, a->device.request_id, sizeof(a->request_id));
	/* The topic is free if the device that had it was deleted. */
	if (ztp_topics_claim(a->gate->topics, &a->path, &error) != 0) {
		a->failed = ztp_attempt_failed(a, &error);
		return false;
	}
	session = enter(a, ZTP_RIGHT_DEVICE);
	if (!session)
		return false;
	session->greet = a->device.onboarding == ZTP_ONBOARDING_DIRECT &&
			 (a->has_cert || !a->device.greeted);
	/* If a crash loses this, the next session starts without stored
	 * messages as well. */
	if (!ztp_stored_is_of(a->gate, a->device.connected_at) &&
	    ztp_devices_set_connected(a->gate->db, a->id,
				      ztp_stored_now(a->gate), &error) != 0)
		a->failed = ztp_attempt_failed(a, &error);
	return true;
}

static int create_device(struct ztp_attempt *a, struct ztp_error *error)
{
	struct ztp_device *device = &a->device;
	struct ztp_gate *gate = a->gate;
	int rc;

	if (a->cert.spki.n > sizeof(device->spki))
		return ztp_fail(error, ZTP_ERR_INTERNAL, "the key is too long");
	if (!a->facts.candidate_known)
		make_id(a);
	*device = (struct ztp_device){0};
	memcpy(device->path, a->id, a->path.whole.n + 1);
	memcpy(device->fingerprint, a->cert.fingerprint, ZTP_SHA256_LEN);
	memcpy(device->identity, a->cert.identity, ZTP_SHA256_LEN);
	memcpy(device->spki_sha256, a->cert.spki_sha256, ZTP_SHA256_LEN);
	memcpy(device->spki, a->cert.spki.p, a->cert.spki.n);
	device->spki_len = a->cert.spki.n;
	device->onboarding = ZTP_ONBOARDING_DIRECT;
	memcpy(device->request_id, a->request_id, sizeof(a->request_id));
	device->created_at = a->wall;
	device->connected_at = ztp_stored_now(gate); /* by this connection */
	ztp_gate_mark(gate);
	rc = ztp_devices_insert(gate->db, a->registry, device, NULL, error);
	if (rc == 0)
		rc = ztp_topics_claim(gate->topics, &a->path, error);
	/* The registry has become direct while a customer was being asked. */
	if (rc == 0 && a->facts.per_path > 0)
		rc = ztp_ending_joined(gate, a->id, ZTP_WHY_CREATED, error);
	if (rc == 0)
		rc = ztp_candidates_end_path(gate->db, a->registry, a->id,
					     error);
	if (rc == 0)
		rc = ztp_db_keep(gate->db, error);
	if (rc != 0)
		ztp_gate_undo(gate);
	return rc == 0 ? ztp_gate_secure(gate, error) : rc;
}

static bool create(struct ztp_attempt *a)
{
	struct ztp_session *session;
	struct ztp_error error = {0};

	if (create_device(a, &error) != 0) {
		a->failed = ztp_attempt_failed(a, &error);
		return false;
	}
	/* What the broker has stored is older than this device. */
	a->device.connected_at = 0;
	session = enter(a, ZTP_RIGHT_DEVICE);
	if (session)
		session->greet = true;
	return session != NULL;
}

static int put_candidate(struct ztp_attempt *a, struct ztp_error *error)
{
	struct ztp_candidate *candidate = &a->candidate;
	const struct ztp_ca *ca = a->registry->cas[a->issuer];
	int64_t attempt = candidate->attempt;

	make_id(a);
	*candidate = (struct ztp_candidate){0};
	memcpy(candidate->id, a->request_id, sizeof(candidate->id));
	memcpy(candidate->path, a->id, a->path.whole.n + 1);
	memcpy(candidate->fingerprint, a->cert.fingerprint, ZTP_SHA256_LEN);
	memcpy(candidate->identity, a->cert.identity, ZTP_SHA256_LEN);
	memcpy(candidate->spki_sha256, a->cert.spki_sha256, ZTP_SHA256_LEN);
	memcpy(candidate->ca, ztp_ca_cert(ca)->fingerprint, ZTP_SHA256_LEN);
	candidate->attempt = attempt + 1;
	snprintf(candidate->remote_addr, sizeof(candidate->remote_addr), "%s",
		 a->address);
	candidate->received_at = a->wall;
	candidate->seen_at = a->wall;
	candidate->not_after = a->cert.not_after;
	candidate->der = a->cert.der;
	candidate->der_len = a->cert.der_len;
	return ztp_candidates_put(a->gate->db, a->registry, candidate,
				  a->rejected_before, error);
}

/* Nothing hangs on when it was seen but when it is forgotten. */
static void note_seen(struct ztp_attempt *a)
{
	struct ztp_error error = {0};

	if (a->wall - a->candidate.seen_at > SEEN_EVERY_MS &&
	    ztp_candidates_seen(a->gate->db, a->candidate.id, a->wall,
				&error) != 0)
		ztp_gate_trouble(a->gate, &error);
}

/* Writes in the open transaction; TICK commits it. */
static bool journal(struct ztp_attempt *a)
{
	struct ztp_error error = {0};
	int rc;

	if (a->facts.candidate_known) {
		note_seen(a);
		return true;
	}
	rc = put_candidate(a, &error);
	if (rc == 0)
		rc = ztp_gate_secure(a->gate, &error);
	if (rc == 0)
		ztp_pending_fresh(a->gate, a->candidate.id);
	else
		a->failed = ztp_attempt_failed(a, &error);
	return rc == 0;
}

static bool hold(struct ztp_attempt *a)
{
	return journal(a) && enter(a, ZTP_RIGHT_HELD) != NULL;
}

bool ztp_attempt_carry_out(struct ztp_attempt *a,
			   struct ztp_gate_verdict *verdict)
{
	bool done = false;

	a->failed = ztp_attempt_refuse(ztp_err_name(ZTP_ERR_INTERNAL));
	switch (verdict->admission) {
	case ZTP_ADMIT_CONNECT:
		done = connect_device(a);
		break;
	case ZTP_ADMIT_CREATE:
		done = create(a);
		break;
	case ZTP_ADMIT_HOLD:
		done = hold(a);
		break;
	case ZTP_ADMIT_JOURNAL:
		if (!journal(a))
			*verdict = a->failed;
		return false;
	case ZTP_ADMIT_REFUSE:
	case ZTP_ADMIT_PROVE:
		return false;
	}
	if (!done)
		*verdict = a->failed;
	return done;
}
