/*
 * In the order of their price: syntax, memory, one database read, parsing the
 * certificate (90 us), its issuer's signature, the JWT's. What fails leaves
 * no trace but an audit record and a token of its bucket: an impostor can
 * change nothing of the session, queue or request of the real device, because
 * nothing of theirs is touched before the key has proven itself.
 *
 * Durability: a device made here (direct) is committed before CONNACK. A
 * candidate is committed by TICK, together with all others of this turn of
 * the loop, and offered after that; if that commit fails, TICK ends the
 * session (gate->fresh).
 */
#include "gate/admit.h"

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <stdio.h>
#include <string.h>

#include "gate/audit.h"
#include "gate/candidates.h"
#include "gate/clock.h"
#include "gate/devices.h"
#include "gate/pending.h"
#include "ztp/jwt.h"

#define UNUSED	      "unused"
#define SEEN_EVERY_MS (3600 * 1000LL)

struct attempt {
	struct ztp_gate *gate;
	struct mosquitto *client;
	struct ztp_path path;
	const char *id, *address;
	struct ztp_registry *registry;
	bool has_cert;
	struct ztp_cert cert;
	size_t issuer; /* index of the CA, for a new device */
	struct ztp_key *key;
	uint8_t spki_sha256[ZTP_SHA256_LEN];
	const uint8_t *fingerprint; /* the certificate's, or the record's */
	struct ztp_device device;
	struct ztp_candidate candidate;
	struct ztp_gate_facts facts;
	struct ztp_jwt_claims claims;
	int64_t wall, boot;
	uint8_t password[ZTP_SHA256_LEN];
	char request_id[ZTP_REQUEST_ID_MAX + 1];
};

static struct ztp_gate_verdict refuse(const char *code)
{
	return (struct ztp_gate_verdict){ZTP_ADMIT_REFUSE, code};
}

/* Errors of ours are one code to the outside; the log has the rest. */
static struct ztp_gate_verdict failed(const struct ztp_error *error)
{
	switch (error->code) {
	case ZTP_ERR_NOMEM:
	case ZTP_ERR_INTERNAL:
	case ZTP_ERR_IO:
	case ZTP_ERR_FULL:
		mosquitto_log_printf(MOSQ_LOG_ERR, "ztp gate: %s",
				     error->message);
		return refuse("internal");
	case ZTP_ERR_EMPTY:
	case ZTP_ERR_TOO_LARGE:
	case ZTP_ERR_BASE64:
	case ZTP_ERR_VALUE:
	case ZTP_ERR_NUL:
		return refuse("bad_certificate");
	default:
		return refuse(ztp_err_name(error->code));
	}
}

static struct ztp_gate_verdict read_username(struct attempt *a,
					     const char *username)
{
	struct ztp_error error = {0};

	if (strcmp(username, UNUSED) != 0) {
		if (ztp_cert_parse(&a->cert, username, strlen(username),
				   &error) != 0)
			return failed(&error);
		a->has_cert = true;
		a->fingerprint = a->cert.fingerprint;
	}
	a->facts.with_certificate = a->has_cert;
	if (a->facts.device_known) {
		a->facts.same_certificate =
			a->has_cert &&
			memcmp(a->cert.fingerprint, a->device.fingerprint,
			       ZTP_SHA256_LEN) == 0;
		if (!a->has_cert)
			a->fingerprint = a->device.fingerprint;
	}
	return ztp_gate_knock(&a->facts);
}

/* What costs nothing, or one read. */
static struct ztp_gate_verdict knock(struct attempt *a, const char *username,
				     const char *password)
{
	struct ztp_error error = {0};
	int rc;

	if (!username || !password || !*username || !*password)
		return refuse("missing_credentials");
	a->registry = ztp_registries_of(a->gate->registries, &a->path);
	a->facts.registry_known = a->registry != NULL;
	if (!a->registry)
		return ztp_gate_knock(&a->facts);
	a->facts.onboarding = a->registry->onboarding;
	rc = ztp_devices_get(a->gate->db, &a->device, a->id, &error);
	if (rc < 0)
		return failed(&error);
	a->facts.device_known = rc > 0;
	a->facts.device_blocked = rc > 0 && a->device.blocked;
	return read_username(a, username);
}

/* A new device's certificate is judged now; a known device's never again. */
static int check_certificate(struct attempt *a, struct ztp_error *error)
{
	const struct ztp_registry *registry = a->registry;

	if (a->facts.device_known)
		return 0;
	if (registry->damaged)
		return ztp_fail(error, ZTP_ERR_IO,
				"a CA of registry %s cannot be read",
				registry->name);
	return ztp_chain_check(&a->cert, registry->cas, registry->ca_count,
			       a->wall, &a->issuer, error);
}

static int prove(struct attempt *a, const char *password,
		 struct ztp_error *error)
{
	struct ztp_jwt_rules rules = {
		.audience = a->registry->audience,
		.path = &a->path,
		.now_ms = a->wall,
		.skew_ms = ZTP_JWT_SKEW_MS,
	};
	bool known = a->facts.device_known;
	const void *spki = known ? (const void *)a->device.spki
				 : (const void *)a->cert.spki.p;
	size_t len = known ? a->device.spki_len : a->cert.spki.n;
	int rc = check_certificate(a, error);

	if (rc == 0)
		rc = ztp_key_from_spki(&a->key, spki, len, error);
	if (rc == 0)
		rc = ztp_jwt_verify(&a->claims, password, strlen(password),
				    a->key, &rules, error);
	memcpy(a->spki_sha256,
	       known ? a->device.spki_sha256 : a->cert.spki_sha256,
	       ZTP_SHA256_LEN);
	return rc;
}

static int count(int64_t *sum, int64_t number)
{
	if (number < 0)
		return (int)number;
	*sum += number;
	return 0;
}

/* What policy/ wants to know of a new device that has proven its key. */
static int gather(struct attempt *a, struct ztp_error *error)
{
	struct ztp_gate_facts *facts = &a->facts;
	struct ztp_db *db = a->gate->db;
	const uint8_t *fp = a->fingerprint;
	int rc = ztp_candidates_get(db, &a->candidate, a->id, fp, error);

	if (rc < 0)
		return rc;
	facts->candidate_known = rc > 0 && !a->candidate.rejected;
	facts->cooling_down = rc > 0 && a->candidate.rejected &&
			      a->candidate.retry_at > a->wall;
	if (rc > 0)
		memcpy(a->request_id, a->candidate.id, sizeof(a->candidate.id));
	else
		a->candidate.attempt = 0;
	rc = count(&facts->per_certificate,
		   ztp_candidates_of_certificate(db, fp, error));
	if (rc == 0)
		rc = count(&facts->per_certificate,
			   ztp_devices_of_certificate(db, fp, error));
	if (rc == 0)
		rc = count(&facts->per_path,
			   ztp_candidates_of_path(db, a->id, error));
	facts->per_registry = a->registry->devices + a->registry->candidates;
	return rc;
}

static struct ztp_gate_verdict judge(struct attempt *a, const char *username,
				     const char *password)
{
	struct ztp_gate_verdict verdict = knock(a, username, password);
	const struct ztp_session *live;
	struct ztp_error error = {0};

	if (verdict.admission != ZTP_ADMIT_PROVE)
		return verdict;
	if (prove(a, password, &error) != 0)
		return failed(&error);
	live = ztp_sessions_by_path(a->gate->sessions, a->id);
	a->facts.live_other_key =
		live && live->live && live->right != ZTP_RIGHT_NONE &&
		memcmp(live->spki_sha256, a->spki_sha256, ZTP_SHA256_LEN) != 0;
	a->facts.hold = a->gate->options.hold;
	if (!a->facts.device_known && gather(a, &error) != 0)
		return failed(&error);
	return ztp_gate_admit(&a->facts, &a->gate->options.limits);
}

static void make_id(struct attempt *a)
{
	uint8_t random[10];
	char id[ZTP_UUID_LEN];

	ztp_clock_random(random, sizeof(random));
	ztp_uuid7(id, a->wall, random);
	memcpy(a->request_id, id, sizeof(id));
}

/* ---- carrying it out */

/* Whose is what the broker may have stored under this client ID? Known to be
 * this key's: it keeps it. Else it is not handed over (MOSQUITTO.md: what may
 * not be read at a reconnect is deleted for good). */
static bool stored_is_own(const struct attempt *a)
{
	const struct ztp_session *before =
		ztp_sessions_by_path(a->gate->sessions, a->id);

	if (before)
		return memcmp(before->spki_sha256, a->spki_sha256,
			      ZTP_SHA256_LEN) == 0;
	return a->facts.device_known && a->device.connected;
}

/* A session ends at its JWT's exp; one that was let in by the skew alone, at
 * the moment from which it would not have been. */
static int64_t deadline(const struct attempt *a)
{
	int64_t left = a->claims.expires_ms - a->wall;

	if (left <= 0)
		left += ZTP_JWT_SKEW_MS;
	return a->boot + left;
}

/* The certificate leaves the broker's memory, logs and access checks. */
static int rename_client(const struct attempt *a)
{
	char name[4 + ZTP_SHA256_HEX] = "ztp:";

	ztp_hex_encode(name + 4, a->spki_sha256, ZTP_SHA256_LEN);
	return mosquitto_set_username(a->client, name);
}

static struct ztp_session *enter(struct attempt *a, enum ztp_right right)
{
	struct ztp_gate *gate = a->gate;
	bool own = stored_is_own(a);
	struct ztp_session *session;

	if (rename_client(a) != 0)
		return NULL;
	session = ztp_sessions_add(gate->sessions, a->client, &a->path);
	if (!session)
		return NULL;
	memcpy(session->spki_sha256, a->spki_sha256, ZTP_SHA256_LEN);
	memcpy(session->fingerprint, a->fingerprint, ZTP_SHA256_LEN);
	memcpy(session->password, a->password, ZTP_SHA256_LEN);
	memcpy(session->request_id, a->request_id, sizeof(a->request_id));
	session->right = right;
	session->discard = !own;
	session->inherits = own && !mosquitto_client_clean_session(a->client);
	session->expires_at = deadline(a);
	if (session->expires_at < gate->next_expiry)
		gate->next_expiry = session->expires_at;
	if (ztp_client_list_add(&gate->touched, a->client) != 0) {
		ztp_sessions_remove(gate->sessions, session);
		return NULL;
	}
	return session;
}

static bool connect_device(struct attempt *a)
{
	struct ztp_session *session;
	struct ztp_error error = {0};

	memcpy(a->request_id, a->device.request_id, sizeof(a->request_id));
	session = enter(a, ZTP_RIGHT_DEVICE);
	if (!session)
		return false;
	session->greet = a->device.onboarding == ZTP_ONBOARDING_DIRECT &&
			 (a->has_cert || !a->device.greeted);
	/* Lost with a crash: then its next session starts anew as well. */
	if (!a->device.connected &&
	    ztp_devices_set_connected(a->gate->db, a->id, &error) != 0)
		(void)failed(&error);
	return true;
}

static int create_device(struct attempt *a, struct ztp_error *error)
{
	struct ztp_device *device = &a->device;
	struct ztp_gate *gate = a->gate;
	int rc;

	if (a->cert.spki.n > sizeof(device->spki))
		return ztp_fail(error, ZTP_ERR_INTERNAL, "key too long");
	if (!a->facts.candidate_known)
		make_id(a);
	*device = (struct ztp_device){0};
	memcpy(device->path, a->id, a->path.whole.n + 1);
	memcpy(device->fingerprint, a->cert.fingerprint, ZTP_SHA256_LEN);
	memcpy(device->spki_sha256, a->cert.spki_sha256, ZTP_SHA256_LEN);
	memcpy(device->spki, a->cert.spki.p, a->cert.spki.n);
	device->spki_len = a->cert.spki.n;
	device->onboarding = ZTP_ONBOARDING_DIRECT;
	memcpy(device->request_id, a->request_id, sizeof(a->request_id));
	device->created_at = a->wall;
	device->connected = true; /* by this very connection */
	rc = ztp_devices_insert(gate->db, a->registry, device, NULL, error);
	if (rc == 0)
		rc = ztp_candidates_end_path(gate->db, a->registry, a->id,
					     error);
	if (rc == 0)
		rc = ztp_db_commit(gate->db, error);
	if (rc != 0)
		ztp_gate_rolled_back(gate);
	return rc;
}

static bool create(struct attempt *a)
{
	struct ztp_session *session;
	struct ztp_error error = {0};

	if (create_device(a, &error) != 0) {
		(void)failed(&error);
		return false;
	}
	/* Whatever the broker has stored was there before this device. */
	a->device.connected = false;
	session = enter(a, ZTP_RIGHT_DEVICE);
	if (session)
		session->greet = true;
	return session != NULL;
}

static int put_candidate(struct attempt *a, struct ztp_error *error)
{
	struct ztp_candidate *candidate = &a->candidate;
	const struct ztp_ca *ca = a->registry->cas[a->issuer];
	int64_t attempt = candidate->attempt;

	make_id(a);
	*candidate = (struct ztp_candidate){0};
	memcpy(candidate->id, a->request_id, sizeof(candidate->id));
	memcpy(candidate->path, a->id, a->path.whole.n + 1);
	memcpy(candidate->fingerprint, a->cert.fingerprint, ZTP_SHA256_LEN);
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
	return ztp_candidates_put(a->gate->db, a->registry, candidate, error);
}

/* In the open transaction; TICK commits it. */
static bool journal(struct attempt *a)
{
	struct ztp_error error = {0};
	int rc = 0;

	if (!a->facts.candidate_known) {
		rc = put_candidate(a, &error);
		if (rc == 0)
			ztp_pending_fresh(a->gate, a->candidate.id);
	} else if (a->wall - a->candidate.seen_at > SEEN_EVERY_MS) {
		rc = ztp_candidates_seen(a->gate->db, a->candidate.id, a->wall,
					 &error);
	}
	if (rc != 0)
		(void)failed(&error);
	return rc == 0;
}

static bool hold(struct attempt *a)
{
	if (!journal(a))
		return false;
	if (ztp_db_dirty(a->gate->db) &&
	    ztp_client_list_add(&a->gate->fresh, a->client) != 0)
		return false;
	return enter(a, ZTP_RIGHT_HELD) != NULL;
}

static bool carry_out(struct attempt *a, struct ztp_gate_verdict *verdict)
{
	bool done = false;

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
			*verdict = refuse("internal");
		return false;
	case ZTP_ADMIT_REFUSE:
	case ZTP_ADMIT_PROVE:
		return false;
	}
	if (!done)
		*verdict = refuse("internal");
	return done;
}

static const char *verdict_name(const struct ztp_gate_verdict *verdict)
{
	switch (verdict->admission) {
	case ZTP_ADMIT_CONNECT:
	case ZTP_ADMIT_CREATE:
		return "accepted";
	case ZTP_ADMIT_HOLD:
		return "held";
	case ZTP_ADMIT_JOURNAL: /* "path_in_use" is journalled as well */
		return strcmp(verdict->code, "pending") == 0 ? "pending"
							     : "refused";
	case ZTP_ADMIT_REFUSE:
	case ZTP_ADMIT_PROVE:
		break;
	}
	return "refused";
}

static void audit(struct attempt *a, const struct ztp_gate_verdict *verdict)
{
	ztp_audit(a->gate, &(struct ztp_audit){
				   .verdict = verdict_name(verdict),
				   .code = verdict->code,
				   .path = a->path.whole.p ? a->id : NULL,
				   .fingerprint = a->fingerprint,
				   .remote_addr = a->address,
				   .request_id = a->request_id,
			   });
}

/* ---- slowing down: by address, and by address, path and username. The
 * latter is the tighter one; that it holds the username keeps an impostor
 * behind the same address from using up the real device's. */

static void failure_key(const struct attempt *a, const char *username,
			uint8_t key[ZTP_SHA256_LEN])
{
	char text[ZTP_ADDRESS_MAX + ZTP_PATH_MAX + 2 * ZTP_SHA256_LEN];
	uint8_t digest[ZTP_SHA256_LEN];
	char hex[ZTP_SHA256_HEX];
	int n;

	ztp_sha256(digest, username ? username : "",
		   username ? strlen(username) : 0);
	ztp_hex_encode(hex, digest, sizeof(digest));
	n = snprintf(text, sizeof(text), "%.*s\n%.*s\n%s", ZTP_ADDRESS_MAX,
		     a->address, ZTP_PATH_MAX, a->id, hex);
	ztp_sha256(key, text,
		   (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

/* One bucket each of a failure's keys; the address has ten times as many. */
static bool may_try(struct attempt *a, const uint8_t key[ZTP_SHA256_LEN])
{
	return ztp_throttle_ready(a->gate->failures, key, ZTP_SHA256_LEN,
				  a->boot) &&
	       ztp_throttle_ready(a->gate->failures_by_address, a->address,
				  strlen(a->address), a->boot);
}

static void failed_try(struct attempt *a, const uint8_t key[ZTP_SHA256_LEN])
{
	(void)ztp_throttle_take(a->gate->failures, key, ZTP_SHA256_LEN, NULL,
				a->boot);
	(void)ztp_throttle_take(a->gate->failures_by_address, a->address,
				strlen(a->address), NULL, a->boot);
}

bool ztp_admit(struct ztp_gate *gate, struct mosquitto *client, const char *id,
	       const char *username, const char *password)
{
	struct ztp_gate_verdict verdict = refuse("bad_path");
	uint8_t key[ZTP_SHA256_LEN];
	struct attempt a = {
		.gate = gate,
		.client = client,
		.id = id,
		.wall = ztp_clock_wall(),
		.boot = ztp_clock_boot(),
	};
	bool in = false;

	a.address = mosquitto_client_address(client);
	if (!a.address)
		a.address = "";
	failure_key(&a, username, key);
	if (ztp_path_parse(&a.path, id, strlen(id), NULL) != 0)
		a.path.whole.p = NULL;
	else if (!may_try(&a, key))
		verdict = refuse("slowed_down");
	else
		verdict = judge(&a, username, password);
	if (password)
		ztp_sha256(a.password, password, strlen(password));
	in = carry_out(&a, &verdict);
	if (verdict.admission == ZTP_ADMIT_REFUSE)
		failed_try(&a, key);
	audit(&a, &verdict);
	ztp_key_free(a.key);
	if (a.has_cert)
		ztp_cert_clear(&a.cert);
	return in;
}
