/*
 * The checks run in the order of their cost: syntax, memory, the JWT's claims,
 * one database read, reading the certificate, its issuer's signature, the JWT's
 * signature. Only the signatures are expensive, and gate/effort.h says for whom
 * the thread has time. An attempt that fails before that costs nobody anything
 * but an audit record. An impostor can change nothing of the real device's
 * session, queue or request, because nothing of them is touched before the key
 * has been proven.
 */
#include "gate/admit.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "gate/address.h"
#include "gate/attempt.h"
#include "gate/audit.h"
#include "gate/broker_api.h"
#include "gate/rejections.h"
#include "gate/sweeps.h"
#include "gate/topics.h"
#include "gate/verified.h"
#include "ztp/gate_protocol.h"

#define UNUSED "unused"

static struct ztp_gate_verdict read_username(struct ztp_attempt *a,
					     const char *username)
{
	struct ztp_error error = {0};

	if (strcmp(username, UNUSED) != 0) {
		if (ztp_cert_parse(&a->cert, username, strlen(username),
				   &error) != 0)
			return ztp_attempt_failed(a, &error);
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

/* Form and claims, not the signature. */
static int read_proof(struct ztp_attempt *a, const char *password,
		      struct ztp_error *error)
{
	const struct ztp_jwt_rules rules = {
		.audience = a->registry->audience,
		.path = &a->path,
		.now_ms = a->wall,
		.skew_ms = ZTP_JWT_SKEW_MS,
	};

	return ztp_jwt_read(&a->jwt, password, strlen(password), &rules, error);
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
	if (!a->registry && a->gate->stale) /* which is not known then */
		return ztp_attempt_refuse(ZTP_WHY_UNAVAILABLE);
	if (!a->registry)
		return ztp_gate_knock(&a->facts);
	a->facts.onboarding = a->registry->onboarding;
	if (read_proof(a, password, &error) != 0)
		return ztp_attempt_failed(a, &error);
	rc = ztp_devices_get(a->gate->db, &a->device, a->id, &error);
	if (rc < 0)
		return ztp_attempt_failed(a, &error);
	a->facts.device_known = rc > 0;
	a->facts.device_blocked = rc > 0 && a->device.blocked;
	a->facts.topic_taken = ztp_topics_taken(a->gate->topics, &a->path);
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
	return ztp_verified_chain(a->gate->verified, &a->cert, registry,
				  a->wall, a->boot, &a->issuer, error);
}

/* The key that is to be proven: the registered one, if there is one. */
static struct ztp_str spki_of(const struct ztp_attempt *a)
{
	if (a->facts.device_known)
		return (struct ztp_str){(const char *)a->device.spki,
					a->device.spki_len};
	return a->cert.spki;
}

static int prove(struct ztp_attempt *a, struct ztp_error *error)
{
	struct ztp_str spki = spki_of(a);
	const struct ztp_verified_proof proof = {a->spki_sha256, a->password};
	int rc = check_certificate(a, error);

	if (rc == 0 && ztp_verified_proof(a->gate->verified, &proof, a->boot))
		return 0;
	if (rc == 0)
		rc = ztp_key_from_spki(&a->key, spki.p, spki.n, error);
	if (rc == 0)
		rc = ztp_jwt_prove(&a->jwt, a->key, error);
	if (rc == 0)
		ztp_verified_note_proof(a->gate->verified, &proof, a->boot);
	return rc;
}

static enum ztp_effort_end end_of(int rc)
{
	switch (rc) {
	case ZTP_ERR_PROOF_KEY:
		return ZTP_EFFORT_BAD_PROOF;
	case ZTP_ERR_NOMEM:
	case ZTP_ERR_INTERNAL:
	case ZTP_ERR_IO:
		return ZTP_EFFORT_TROUBLE;
	default:
		return ZTP_EFFORT_REFUSED;
	}
}

/* The last check that costs nothing. After it only a signature can fail, so what
 * gate/effort.h remembers of a JWT is that its key was wrong. */
static struct ztp_gate_verdict check_fit(struct ztp_attempt *a)
{
	struct ztp_str spki = spki_of(a);
	struct ztp_error error = {0};

	if (ztp_jwt_fits(&a->jwt, spki.p, spki.n, &error) != 0)
		return ztp_attempt_failed(a, &error);
	return (struct ztp_gate_verdict){ZTP_ADMIT_PROVE, ""};
}

/* Verifies the proof if the thread has time for it: PROVE, which here means
 * that it is good, or REFUSE. */
static struct ztp_gate_verdict verify(struct ztp_attempt *a,
				      const char *password)
{
	struct ztp_effort_try *effort = &a->effort;
	struct ztp_error error = {0};
	int64_t start;
	int rc;

	ztp_sha256(a->password, password, strlen(password));
	memcpy(a->spki_sha256,
	       a->facts.device_known ? a->device.spki_sha256
				     : a->cert.spki_sha256,
	       ZTP_SHA256_LEN);
	*effort = (struct ztp_effort_try){
		.who = {.path = a->id, .spki_sha256 = a->spki_sha256},
		.jwt_sha256 = a->password,
		.wall = a->wall,
		.now = a->boot,
	};
	ztp_address_source(&effort->who.source, a->client, a->address);
	switch (ztp_effort_begin(a->gate->effort, a->gate->db, effort)) {
	case ZTP_EFFORT_FAILED:
		return ztp_attempt_refuse(ztp_err_name(ZTP_ERR_PROOF_KEY));
	case ZTP_EFFORT_LATER:
		return ztp_attempt_refuse(ZTP_WHY_SLOWED_DOWN);
	case ZTP_EFFORT_VERIFY:
		break;
	}
	start = ztp_clock_thread_us();
	rc = prove(a, &error);
	a->effort_us = ztp_clock_thread_us() - start;
	a->verified = true;
	a->effort_end = end_of(rc);
	if (rc != 0)
		return ztp_attempt_failed(a, &error);
	return (struct ztp_gate_verdict){ZTP_ADMIT_PROVE, ""};
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
	a->rejected_before = rc > 0 && a->candidate.rejected;
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
	facts->per_registry =
		a->registry->counts.devices + a->registry->counts.candidates;
	if (rc == 0 && !facts->candidate_known)
		rc = ztp_rejections_count(a->gate, facts, a->registry, &who,
					  a->wall, error);
	return rc;
}

static struct ztp_gate_verdict judge(struct ztp_attempt *a,
				     const char *username, const char *password)
{
	struct ztp_gate_verdict verdict = knock(a, username, password);
	const struct ztp_session *live;
	struct ztp_error error = {0};

	if (verdict.admission == ZTP_ADMIT_PROVE)
		verdict = check_fit(a);
	if (verdict.admission == ZTP_ADMIT_PROVE)
		verdict = verify(a, password);
	if (verdict.admission != ZTP_ADMIT_PROVE)
		return verdict;
	live = ztp_sessions_by_path(a->gate->sessions, a->id);
	a->facts.live_other_key =
		live && live->live && live->right != ZTP_RIGHT_NONE &&
		memcmp(live->spki_sha256, a->spki_sha256, ZTP_SHA256_LEN) != 0;
	a->facts.topic_watched =
		ztp_sessions_sharing(a->gate->sessions, &a->path) != NULL;
	a->facts.hold = a->gate->options.hold;
	if (!a->facts.device_known && gather(a, &error) != 0)
		return ztp_attempt_failed(a, &error);
	/* By another CA of the same key it could be held, and end then. */
	if (a->facts.candidate_known &&
	    ztp_sweeps_cover(a->gate, &a->path, a->candidate.ca))
		return ztp_attempt_refuse(ZTP_WHY_UNAVAILABLE);
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

/* Tells gate/effort.h how the attempt ended, if a signature was verified. */
static void settle(const struct ztp_attempt *a,
		   const struct ztp_gate_verdict *verdict)
{
	if (!a->verified)
		return;
	ztp_effort_end(a->gate->effort, &a->effort,
		       verdict->admission == ZTP_ADMIT_REFUSE
			       ? a->effort_end
			       : ZTP_EFFORT_PROVEN,
		       a->effort_us);
}

bool ztp_admit(struct ztp_gate *gate, struct mosquitto *client, const char *id,
	       const char *username, const char *password)
{
	struct ztp_gate_verdict verdict =
		ztp_attempt_refuse(ztp_err_name(ZTP_ERR_PATH));
	struct ztp_attempt a = {
		.gate = gate,
		.client = client,
		.id = id,
		.wall = ztp_clock_wall(),
		.boot = ztp_clock_boot(),
	};
	bool in = false;

	ztp_address_of(a.address, client);
	if (ztp_path_parse(&a.path, id, strlen(id), NULL) != 0)
		a.path.whole.p = NULL;
	else
		verdict = judge(&a, username, password);
	in = ztp_attempt_carry_out(&a, &verdict);
	settle(&a, &verdict);
	audit(&a, &verdict);
	ztp_key_free(a.key);
	if (a.has_cert)
		ztp_cert_clear(&a.cert);
	return in;
}
