/*
 * The checks run in the order of their cost: syntax, memory, one database read,
 * parsing the certificate (90 us), its issuer's signature, the JWT's signature.
 * A failed attempt leaves no trace except an audit record and one token taken
 * from its bucket. An impostor can change nothing of the real device's session,
 * queue or request, because nothing of them is touched before the key has been
 * proven.
 */
#include "gate/admit.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "gate/attempt.h"
#include "gate/audit.h"
#include "gate/broker_api.h"
#include "gate/topics.h"
#include "ztp/gate_protocol.h"

#define UNUSED "unused"

static struct ztp_gate_verdict read_username(struct ztp_attempt *a,
					     const char *username)
{
	struct ztp_error error = {0};

	if (strcmp(username, UNUSED) != 0) {
		if (ztp_cert_parse(&a->cert, username, strlen(username),
				   &error) != 0)
			return ztp_attempt_failed(&error);
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

/* The checks that cost nothing or one database read. */
static struct ztp_gate_verdict knock(struct ztp_attempt *a,
				     const char *username, const char *password)
{
	struct ztp_error error = {0};
	int rc;

	if (!username || !password || !*username || !*password)
		return ztp_attempt_refuse(ZTP_WHY_MISSING_CREDENTIALS);
	a->registry = ztp_registries_of(a->gate->registries, &a->path);
	a->facts.registry_known = a->registry != NULL;
	if (!a->registry)
		return ztp_gate_knock(&a->facts);
	a->facts.onboarding = a->registry->onboarding;
	rc = ztp_devices_get(a->gate->db, &a->device, a->id, &error);
	if (rc < 0)
		return ztp_attempt_failed(&error);
	a->facts.device_known = rc > 0;
	a->facts.device_blocked = rc > 0 && a->device.blocked;
	rc = ztp_topics_taken(a->gate->db, a->gate->options.command_topic,
			      &a->path, &error);
	if (rc < 0)
		return ztp_attempt_failed(&error);
	a->facts.topic_taken = rc > 0;
	return read_username(a, username);
}

/* Only a new device's certificate is checked; a known device is authenticated
 * by its key. */
static int check_certificate(struct ztp_attempt *a, struct ztp_error *error)
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

static int prove(struct ztp_attempt *a, const char *password,
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

/* Gathers what policy/ needs to know about a new device that has proven its
 * key. */
static int gather(struct ztp_attempt *a, struct ztp_error *error)
{
	struct ztp_gate_facts *facts = &a->facts;
	struct ztp_db *db = a->gate->db;
	const struct ztp_db_certificate who = {a->cert.identity,
					       a->fingerprint};
	int64_t retry_at;
	int rc = ztp_candidates_get(db, &a->candidate, a->id, a->fingerprint,
				    error);

	if (rc < 0)
		return rc;
	facts->candidate_known = rc > 0 && !a->candidate.rejected;
	if (rc > 0)
		memcpy(a->request_id, a->candidate.id, sizeof(a->candidate.id));
	rc = ztp_candidates_cooling(db, &retry_at, &a->candidate.attempt, a->id,
				    &who, error);
	if (rc < 0)
		return rc;
	facts->cooling_down = retry_at > a->wall;
	rc = count(&facts->per_certificate,
		   ztp_candidates_of_certificate(db, &who, error));
	if (rc == 0)
		rc = count(&facts->per_certificate,
			   ztp_devices_of_certificate(db, &who, error));
	if (rc == 0)
		rc = count(&facts->per_path,
			   ztp_candidates_of_path(db, a->id, error));
	facts->per_registry = a->registry->devices + a->registry->candidates;
	return rc;
}

static struct ztp_gate_verdict judge(struct ztp_attempt *a,
				     const char *username, const char *password)
{
	struct ztp_gate_verdict verdict = knock(a, username, password);
	const struct ztp_session *live;
	struct ztp_error error = {0};

	if (verdict.admission != ZTP_ADMIT_PROVE)
		return verdict;
	if (prove(a, password, &error) != 0)
		return ztp_attempt_failed(&error);
	live = ztp_sessions_by_path(a->gate->sessions, a->id);
	a->facts.live_other_key =
		live && live->live && live->right != ZTP_RIGHT_NONE &&
		memcmp(live->spki_sha256, a->spki_sha256, ZTP_SHA256_LEN) != 0;
	a->facts.topic_watched =
		ztp_sessions_sharing(a->gate->sessions, &a->path) != NULL;
	a->facts.hold = a->gate->options.hold;
	if (!a->facts.device_known && gather(a, &error) != 0)
		return ztp_attempt_failed(&error);
	return ztp_gate_admit(&a->facts, &a->gate->options.limits);
}

static const char *verdict_name(const struct ztp_gate_verdict *verdict)
{
	switch (verdict->admission) {
	case ZTP_ADMIT_CONNECT:
	case ZTP_ADMIT_CREATE:
		return ZTP_AUDIT_ACCEPTED;
	case ZTP_ADMIT_HOLD:
		return ZTP_AUDIT_HELD;
	case ZTP_ADMIT_JOURNAL: /* ZTP_WHY_PATH_IN_USE is journalled as well */
		return strcmp(verdict->code, ZTP_WHY_PENDING) == 0
			       ? ZTP_AUDIT_PENDING
			       : ZTP_AUDIT_REFUSED;
	case ZTP_ADMIT_REFUSE:
	case ZTP_ADMIT_PROVE:
		break;
	}
	return ZTP_AUDIT_REFUSED;
}

/* Something new has been stored. The limits bound how often that happens. */
static bool has_changed(const struct ztp_attempt *a,
			const struct ztp_gate_verdict *verdict)
{
	return verdict->admission == ZTP_ADMIT_CREATE ||
	       ((verdict->admission == ZTP_ADMIT_HOLD ||
		 verdict->admission == ZTP_ADMIT_JOURNAL) &&
		!a->facts.candidate_known);
}

static void audit(struct ztp_attempt *a, const struct ztp_gate_verdict *verdict)
{
	ztp_audit(a->gate, &(struct ztp_audit){
				   .verdict = verdict_name(verdict),
				   .code = verdict->code,
				   .path = a->path.whole.p ? a->id : NULL,
				   .fingerprint = a->fingerprint,
				   .remote_addr = a->address,
				   .request_id = a->request_id,
				   .always = has_changed(a, verdict),
			   });
}

/* ---- throttling by address, and by address, path and username. The second
 * bucket is smaller. The username is part of its key so that an impostor behind
 * the same address cannot use up the bucket of the real device. */

static void failure_key(const struct ztp_attempt *a, const char *username,
			uint8_t key[ZTP_SHA256_LEN])
{
	char text[sizeof(a->source.bytes) + ZTP_PATH_MAX + ZTP_SHA256_HEX + 8];
	uint8_t digest[ZTP_SHA256_LEN];
	size_t len = sizeof(a->source.bytes);
	char hex[ZTP_SHA256_HEX];
	int n;

	ztp_sha256(digest, username ? username : "",
		   username ? strlen(username) : 0);
	ztp_hex_encode(hex, digest, sizeof(digest));
	memcpy(text, a->source.bytes, len);
	n = snprintf(text + len, sizeof(text) - len, "%.*s\n%s", ZTP_PATH_MAX,
		     a->id, hex);
	len += (size_t)n;
	ztp_sha256(key, text, len < sizeof(text) ? len : sizeof(text) - 1);
}

/* A failure takes a token from both buckets; the one of the address holds ten
 * times as many. */
static bool may_try(struct ztp_attempt *a, const uint8_t key[ZTP_SHA256_LEN])
{
	return ztp_throttle_ready(a->gate->failures, key, ZTP_SHA256_LEN,
				  a->boot) &&
	       ztp_throttle_ready(a->gate->failures_by_address, a->source.bytes,
				  sizeof(a->source.bytes), a->boot);
}

static void failed_try(struct ztp_attempt *a, const uint8_t key[ZTP_SHA256_LEN])
{
	(void)ztp_throttle_take(a->gate->failures, key, ZTP_SHA256_LEN, NULL,
				a->boot);
	(void)ztp_throttle_take(a->gate->failures_by_address, a->source.bytes,
				sizeof(a->source.bytes), NULL, a->boot);
}

bool ztp_admit(struct ztp_gate *gate, struct mosquitto *client, const char *id,
	       const char *username, const char *password)
{
	struct ztp_gate_verdict verdict =
		ztp_attempt_refuse(ztp_err_name(ZTP_ERR_PATH));
	uint8_t key[ZTP_SHA256_LEN];
	struct ztp_attempt a = {
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
	ztp_throttle_source(&a.source, a.address);
	failure_key(&a, username, key);
	if (ztp_path_parse(&a.path, id, strlen(id), NULL) != 0)
		a.path.whole.p = NULL;
	else if (!may_try(&a, key))
		verdict = ztp_attempt_refuse(ZTP_WHY_SLOWED_DOWN);
	else
		verdict = judge(&a, username, password);
	if (password)
		ztp_sha256(a.password, password, strlen(password));
	in = ztp_attempt_carry_out(&a, &verdict);
	/* An attempt that was refused as too frequent costs nothing, and must
	 * not use up the tokens of other clients behind the same address. */
	if (verdict.admission == ZTP_ADMIT_REFUSE &&
	    strcmp(verdict.code, ZTP_WHY_SLOWED_DOWN) != 0)
		failed_try(&a, key);
	audit(&a, &verdict);
	ztp_key_free(a.key);
	if (a.has_cert)
		ztp_cert_clear(&a.cert);
	return in;
}
