/*
 * createDevice registers a key as a device's. The candidate's certificate is
 * checked once more, the record is committed, and every session with another
 * key is ended before the answer is sent.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_tree.h"
#include "gate/candidates.h"
#include "gate/control.h"
#include "gate/devices.h"
#include "gate/stored.h"
#include "gate/sweeps.h"
#include "gate/topics.h"
#include "gate/verified.h"
#include "gate/withdrawn.h"
#include "ztp/cert.h"
#include "ztp/key.h"
#include "ztp/member.h"

struct creation {
	struct ztp_path path;
	uint8_t fingerprint[ZTP_SHA256_LEN];
	const char *request_id, *public_key;
	char *metadata; /* owned; NULL: none */
	struct ztp_registry *registry;
	struct ztp_device device;
};

bool ztp_control_metadata(char **text, const cJSON *in, struct ztp_reply *reply)
{
	const cJSON *metadata =
		cJSON_GetObjectItemCaseSensitive(in, ZTP_M_METADATA);

	if (!metadata || cJSON_IsNull(metadata))
		return true;
	if (!cJSON_IsObject(metadata))
		return ztp_reply_fail(reply, ZTP_CODE_INVALID_ARGUMENT,
				      "metadata is not an object");
	*text = cJSON_PrintUnformatted(metadata);
	if (!*text)
		return ztp_reply_fail(reply, ZTP_CODE_UNAVAILABLE,
				      "out of memory");
	if (strlen(*text) > ZTP_CONTROL_METADATA_MAX)
		return ztp_reply_fail(reply, ZTP_CODE_INVALID_ARGUMENT,
				      "metadata is longer than %d bytes",
				      ZTP_CONTROL_METADATA_MAX);
	return true;
}

static bool read_creation(struct ztp_gate *gate, struct creation *c,
			  const cJSON *in, struct ztp_reply *reply)
{
	if (!ztp_control_path(&c->path, in, reply) ||
	    !ztp_control_fingerprint(c->fingerprint, NULL, in, reply) ||
	    !ztp_control_string(&c->request_id, in, ZTP_M_REQUEST_ID,
				ZTP_REQUEST_ID_MAX, true, reply) ||
	    !ztp_control_string(&c->public_key, in, ZTP_M_PUBLIC_KEY,
				ZTP_CERT_TEXT_MAX, false, reply) ||
	    !ztp_control_metadata(&c->metadata, in, reply))
		return false;
	if (!ztp_request_id_valid(c->request_id, strlen(c->request_id)))
		return ztp_reply_fail(reply, ZTP_CODE_INVALID_ARGUMENT,
				      "request_id is not valid");
	c->registry = ztp_registries_of(gate->registries, &c->path);
	return true;
}

/* rc: what ztp_withdrawn_request or ztp_withdrawn_key has found. True: the
 * reply is complete. */
static bool was_withdrawn(int rc, const struct ztp_error *error,
			  struct ztp_reply *reply)
{
	if (rc < 0)
		return !ztp_reply_error(reply, error);
	if (rc > 0)
		return !ztp_reply_fail(reply, ZTP_CODE_ABORTED,
				       "the request was withdrawn");
	return false;
}

/* Will its candidate be withdrawn within seconds? 1, 0 or negative. */
static int is_ending(struct ztp_gate *gate, const struct creation *c,
		     struct ztp_error *error)
{
	struct ztp_candidate candidate;
	int rc = 0;

	if (ztp_sweeps_cover(gate, &c->path, NULL))
		rc = ztp_candidates_get(gate->db, &candidate, c->path.whole.p,
					c->fingerprint, error);
	if (rc <= 0)
		return rc;
	return !candidate.rejected &&
	       ztp_sweeps_cover(gate, &c->path, candidate.ca);
}

/* A decision about a request that was withdrawn is for no candidate that came
 * after it. */
static bool request_withdrawn(struct ztp_gate *gate, const struct creation *c,
			      struct ztp_reply *reply)
{
	struct ztp_error error = {0};
	int rc = ztp_withdrawn_request(gate->db, c->request_id, c->path.whole.p,
				       &error);

	if (rc == 0)
		rc = is_ending(gate, c, &error);
	return was_withdrawn(rc, &error, reply);
}

/* There is no candidate for it: says whether there was one. Returns false. */
static bool no_candidate(struct ztp_gate *gate, const struct creation *c,
			 struct ztp_reply *reply)
{
	struct ztp_error error = {0};
	int rc = ztp_withdrawn_key(gate->db, c->path.whole.p, c->fingerprint,
				   &error);

	if (was_withdrawn(rc, &error, reply))
		return false;
	if (!c->registry)
		return ztp_reply_fail(reply, ZTP_CODE_NOT_FOUND,
				      "this device has no registry");
	return ztp_reply_fail(
		reply, ZTP_CODE_FAILED_PRECONDITION,
		"no candidate matches, and no public_key is given");
}

/* Does the device exist already? True: the reply is complete. */
static bool exists(struct ztp_gate *gate, const struct creation *c,
		   struct ztp_reply *reply)
{
	struct ztp_error error = {0};
	struct ztp_device device;
	int rc = ztp_devices_get(gate->db, &device, c->path.whole.p, &error);

	if (rc < 0)
		return !ztp_reply_error(reply, &error);
	if (rc > 0) {
		if (memcmp(device.fingerprint, c->fingerprint,
			   ZTP_SHA256_LEN) != 0 ||
		    strcmp(device.request_id, c->request_id) != 0)
			(void)ztp_reply_fail(
				reply, ZTP_CODE_ALREADY_EXISTS,
				"the device exists with another %s",
				memcmp(device.fingerprint, c->fingerprint,
				       ZTP_SHA256_LEN) != 0
					? "certificate"
					: "request");
		return true;
	}
	rc = ztp_devices_was_deleted(gate->db, c->path.whole.p, c->request_id,
				     &error);
	if (rc < 0)
		return !ztp_reply_error(reply, &error);
	if (rc > 0)
		return !ztp_reply_fail(reply, ZTP_CODE_FAILED_PRECONDITION,
				       "the device of this request was "
				       "deleted");
	return false;
}

static bool set_key(struct ztp_device *device, const void *spki, size_t len,
		    struct ztp_reply *reply)
{
	if (len > sizeof(device->spki))
		return ztp_reply_fail(reply, ZTP_CODE_INTERNAL,
				      "the key is too long");
	memcpy(device->spki, spki, len);
	device->spki_len = len;
	ztp_sha256(device->spki_sha256, spki, len);
	return true;
}

/* Takes the key from the operator's word instead of a proof. */
static bool key_by_hand(struct ztp_device *device, const char *pem,
			struct ztp_reply *reply)
{
	struct ztp_error error = {0};
	struct ztp_key *key = NULL;
	struct ztp_str spki;
	bool ok;

	if (ztp_key_from_pem(&key, pem, strlen(pem), &error) != 0)
		return ztp_reply_fail(reply, ZTP_CODE_INVALID_ARGUMENT,
				      "public_key: %s", error.message);
	spki = ztp_key_spki(key);
	ok = set_key(device, spki.p, spki.n, reply);
	ztp_key_free(key);
	return ok;
}

/* Is the CA still listed and the certificate still valid? */
static bool judge_again(struct ztp_gate *gate, struct creation *c,
			const struct ztp_candidate *candidate,
			struct ztp_reply *reply)
{
	const struct ztp_registry *registry = c->registry;
	struct ztp_error error = {0};
	struct ztp_cert cert;
	uint8_t *der = NULL;
	size_t len = 0, issuer;
	bool ok = false;

	if (ztp_candidates_der(gate->db, &der, &len, candidate->id, &error))
		return ztp_reply_error(reply, &error);
	if (ztp_cert_parse_der(&cert, der, len, &error) != 0) {
		if (error.code != ZTP_ERR_NOMEM)
			error.code = ZTP_ERR_INTERNAL; /* it was read before */
		(void)ztp_reply_error(reply, &error);
		goto out;
	}
	if (registry->damaged || ztp_registry_ca(registry, candidate->ca) < 0 ||
	    ztp_verified_chain(gate->verified, &cert, registry,
			       ztp_clock_wall(), ztp_clock_boot(), &issuer,
			       &error) != 0)
		(void)(error.code == ZTP_ERR_NOMEM
			       ? ztp_reply_error(reply, &error)
			       : ztp_reply_fail(reply,
						ZTP_CODE_FAILED_PRECONDITION,
						"the certificate is no longer "
						"accepted%s"
						"%s",
						error.message[0] ? ": " : "",
						error.message));
	else
		ok = set_key(&c->device, cert.spki.p, cert.spki.n, reply);
	ztp_cert_clear(&cert);
out:
	free(der);
	return ok;
}

/* May the registry and the certificate have one more device? */
static bool has_room(struct ztp_gate *gate, const struct creation *c,
		     struct ztp_reply *reply)
{
	const struct ztp_gate_limits *limits = &gate->options.limits;
	struct ztp_error error = {0};
	const struct ztp_db_certificate cert = {c->device.identity,
						c->fingerprint};
	int64_t devices = ztp_devices_of_certificate(gate->db, &cert, &error);

	if (devices < 0)
		return ztp_reply_error(reply, &error);
	if (c->registry->counts.devices >= limits->per_registry)
		return ztp_reply_fail(reply, ZTP_CODE_RESOURCE_EXHAUSTED,
				      "the registry is full");
	if (devices >= limits->per_certificate)
		return ztp_reply_fail(reply, ZTP_CODE_RESOURCE_EXHAUSTED,
				      "the certificate has %lld devices",
				      (long long)devices);
	return true;
}

static bool find_key(struct ztp_gate *gate, struct creation *c,
		     struct ztp_reply *reply)
{
	struct ztp_candidate candidate;
	struct ztp_error error = {0};
	bool found;
	int rc;

	if (c->registry->onboarding == ZTP_ONBOARDING_OFF)
		return ztp_reply_fail(reply, ZTP_CODE_FAILED_PRECONDITION,
				      "onboarding is off");
	rc = ztp_candidates_get(gate->db, &candidate, c->path.whole.p,
				c->fingerprint, &error);
	if (rc < 0)
		return ztp_reply_error(reply, &error);
	found = rc > 0 && !candidate.rejected;
	if (!found && !c->public_key)
		return no_candidate(gate, c, reply);
	memcpy(c->device.identity, found ? candidate.identity : c->fingerprint,
	       ZTP_SHA256_LEN);
	if (!has_room(gate, c, reply))
		return false;
	return found ? judge_again(gate, c, &candidate, reply)
		     : key_by_hand(&c->device, c->public_key, reply);
}

bool ztp_control_topic_free(struct ztp_gate *gate, const struct ztp_path *path,
			    struct ztp_reply *reply)
{
	if (ztp_topics_taken(gate->topics, path))
		return ztp_reply_fail(
			reply, ZTP_CODE_ALREADY_EXISTS,
			"its command topic belongs to another device");
	return true;
}

void ztp_control_settle(struct ztp_gate *gate, const struct ztp_device *device)
{
	struct ztp_session *session;

	while ((session = ztp_sessions_by_path(gate->sessions, device->path))) {
		if (memcmp(session->spki_sha256, device->spki_sha256,
			   ZTP_SHA256_LEN) != 0 ||
		    session->right == ZTP_RIGHT_NONE) {
			if (session->right != ZTP_RIGHT_NONE)
				ztp_control_note(gate, ZTP_AUDIT_ENDED,
						 ZTP_WHY_DEVICE_EXISTS,
						 session->path,
						 session->fingerprint,
						 session->request_id);
			ztp_gate_end_now(gate, session);
			continue;
		}
		session->right = ZTP_RIGHT_DEVICE;
		ztp_gate_hang(gate, session);
		memcpy(session->fingerprint, device->fingerprint,
		       ZTP_SHA256_LEN);
		memcpy(session->identity, device->identity, ZTP_SHA256_LEN);
		memcpy(session->request_id, device->request_id,
		       sizeof(device->request_id));
		session->announce = session->subscribed;
		if (session->live && ztp_gate_touch(gate, session) != 0)
			gate->untold = true;
		break;
	}
}

int ztp_control_insert(struct ztp_gate *gate, struct ztp_registry *registry,
		       const struct ztp_path *path,
		       const struct ztp_device *device, const char *metadata,
		       struct ztp_error *error)
{
	int rc =
		ztp_devices_insert(gate->db, registry, device, metadata, error);

	if (rc == 0)
		rc = ztp_topics_claim(gate->topics, path, error);
	if (rc == 0)
		rc = ztp_candidates_end_path(gate->db, registry, device->path,
					     error);
	return rc;
}

static int insert(struct ztp_gate *gate, struct creation *c,
		  struct ztp_error *error)
{
	struct ztp_device *device = &c->device;
	const struct ztp_session *session;

	memcpy(device->path, c->path.whole.p, c->path.whole.n + 1);
	memcpy(device->fingerprint, c->fingerprint, ZTP_SHA256_LEN);
	memcpy(device->request_id, c->request_id, strlen(c->request_id) + 1);
	device->onboarding = ZTP_ONBOARDING_CUSTOM;
	device->created_at = ztp_clock_wall();
	session = ztp_sessions_by_path(gate->sessions, device->path);
	if (session && session->right != ZTP_RIGHT_NONE &&
	    memcmp(session->spki_sha256, device->spki_sha256, ZTP_SHA256_LEN) ==
		    0)
		device->connected_at = ztp_stored_now(gate);
	return ztp_control_insert(gate, c->registry, &c->path, device,
				  c->metadata, error);
}

static void describe_creation(struct ztp_gate *gate, const struct creation *c,
			      bool created, struct ztp_reply *reply)
{
	const struct ztp_session *session = NULL;
	struct ztp_device device;

	if (ztp_devices_get(gate->db, &device, c->path.whole.p, NULL) > 0)
		session =
			ztp_control_live(gate, device.path, device.spki_sha256);
	ztp_tree_put_bool(reply->data, ZTP_M_CREATED, created);
	ztp_tree_put_text(reply->data, ZTP_M_DEVICE_PATH, c->path.whole.p);
	ztp_tree_put_sha256(reply->data, ZTP_M_FINGERPRINT, c->fingerprint);
	ztp_tree_put_bool(reply->data, ZTP_M_LIVE, session != NULL);
	ztp_tree_put_bool(reply->data, ZTP_M_SUBSCRIBED,
			  session && session->subscribed);
}

void ztp_control_create_device(struct ztp_gate *gate, const cJSON *in,
			       struct ztp_reply *reply)
{
	struct ztp_error error = {0};
	struct creation c = {0};

	if (!read_creation(gate, &c, in, reply) ||
	    request_withdrawn(gate, &c, reply))
		goto out;
	if (!c.registry) {
		(void)no_candidate(gate, &c, reply);
		goto out;
	}
	if (exists(gate, &c, reply)) {
		if (reply->data)
			describe_creation(gate, &c, false, reply);
		goto out;
	}
	if (!ztp_control_topic_free(gate, &c.path, reply) ||
	    !find_key(gate, &c, reply))
		goto out;
	if (insert(gate, &c, &error) != 0) {
		(void)ztp_reply_error(reply, &error);
		goto out;
	}
	if (!ztp_control_commit(gate, reply))
		goto out;
	ztp_gate_end_sharing(gate, &c.path);
	ztp_control_settle(gate, &c.device);
	describe_creation(gate, &c, true, reply);
	ztp_control_note(gate, ZTP_AUDIT_ACCEPTED, ZTP_WHY_CREATED,
			 c.device.path, c.fingerprint, c.request_id);
out:
	cJSON_free(c.metadata);
}
