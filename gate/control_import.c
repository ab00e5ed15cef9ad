/*
 * importDevice: a device as exportRegistry told it, by an operator's word. What
 * it was on the other gate it is here: its key, its state, how and when it was
 * onboarded. A device that exists is left as it is.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json_tree.h"
#include "gate/control.h"
#include "gate/ending.h"
#include "gate/topics.h"
#include "ztp/code.h"
#include "ztp/key.h"

#define STATE_MAX  16 /* bytes */
#define BASE64_MAX (4 * ((ZTP_SPKI_MAX + 2) / 3))

struct import {
	struct ztp_path path;
	struct ztp_device device;
	struct ztp_registry *registry;
	char *metadata; /* owned; NULL: none */
};

static bool invalid(struct ztp_reply *reply, const char *name, const char *what)
{
	return ztp_reply_fail(reply, ZTP_CODE_INVALID_ARGUMENT, "%s %s", name,
			      what);
}

static bool read_key(struct ztp_device *device, const cJSON *in,
		     struct ztp_reply *reply)
{
	struct ztp_error error = {0};
	struct ztp_key *key = NULL;
	const char *text;
	long n;

	if (!ztp_control_string(&text, in, ZTP_M_KEY, BASE64_MAX, true, reply))
		return false;
	n = ztp_base64_decode(device->spki, sizeof(device->spki), text,
			      strlen(text));
	if (n < 0)
		return invalid(reply, ZTP_M_KEY, "is not base64");
	if (ztp_key_from_spki(&key, device->spki, (size_t)n, &error) != 0)
		return error.code == ZTP_ERR_NOMEM
			       ? ztp_reply_error(reply, &error)
			       : invalid(reply, ZTP_M_KEY, error.message);
	ztp_key_free(key);
	device->spki_len = (size_t)n;
	ztp_sha256(device->spki_sha256, device->spki, device->spki_len);
	return true;
}

static bool read_state(struct ztp_device *device, const cJSON *in,
		       struct ztp_reply *reply)
{
	const char *state, *mode, *created;

	if (!ztp_control_string(&state, in, ZTP_M_STATE, STATE_MAX, true,
				reply) ||
	    !ztp_control_string(&mode, in, ZTP_M_ONBOARDING, STATE_MAX, true,
				reply) ||
	    !ztp_control_string(&created, in, ZTP_M_CREATED_AT, 64, true,
				reply))
		return false;
	device->blocked = strcmp(state, ZTP_DEVICE_BLOCKED) == 0;
	if (!device->blocked && strcmp(state, ZTP_DEVICE_ACTIVE) != 0)
		return invalid(reply, ZTP_M_STATE,
			       "is neither active nor blocked");
	if (!ztp_onboarding_parse(&device->onboarding, mode) ||
	    device->onboarding == ZTP_ONBOARDING_OFF)
		return invalid(reply, ZTP_M_ONBOARDING,
			       "is neither direct nor custom");
	if (!ztp_time_parse(&device->created_at, created, strlen(created)))
		return invalid(reply, ZTP_M_CREATED_AT, "is not a time");
	return true;
}

/* The identity, which an older export may lack, is the fingerprint's then. */
static bool read_identity(struct ztp_device *device, const cJSON *in,
			  struct ztp_reply *reply)
{
	const char *text;

	memcpy(device->identity, device->fingerprint, ZTP_SHA256_LEN);
	if (!ztp_control_string(&text, in, ZTP_M_IDENTITY, 2 * ZTP_SHA256_LEN,
				false, reply))
		return false;
	if (text && !ztp_hex_decode(device->identity, ZTP_SHA256_LEN, text,
				    strlen(text)))
		return invalid(reply, ZTP_M_IDENTITY, "is not 64 hex digits");
	return true;
}

static bool read_import(struct ztp_gate *gate, struct import *i,
			const cJSON *in, struct ztp_reply *reply)
{
	struct ztp_device *device = &i->device;
	const char *id;

	if (!ztp_control_path(&i->path, in, reply) ||
	    !ztp_control_fingerprint(device->fingerprint, NULL, in, reply) ||
	    !ztp_control_string(&id, in, ZTP_M_REQUEST_ID, ZTP_REQUEST_ID_MAX,
				true, reply) ||
	    !read_identity(device, in, reply) || !read_key(device, in, reply) ||
	    !read_state(device, in, reply) ||
	    !ztp_control_metadata(&i->metadata, in, reply))
		return false;
	if (!ztp_request_id_valid(id, strlen(id)))
		return invalid(reply, ZTP_M_REQUEST_ID, "is not valid");
	memcpy(device->path, i->path.whole.p, i->path.whole.n + 1);
	memcpy(device->request_id, id, strlen(id) + 1);
	device->greeted = cJSON_IsTrue(
		cJSON_GetObjectItemCaseSensitive(in, ZTP_M_GREETED));
	i->registry = ztp_registries_of(gate->registries, &i->path);
	if (!i->registry)
		return ztp_reply_fail(reply, ZTP_CODE_NOT_FOUND,
				      "this device has no registry");
	return true;
}

/* --- a device that exists */

static const char *difference(const struct ztp_device *a,
			      const struct ztp_device *b)
{
	if (memcmp(a->fingerprint, b->fingerprint, ZTP_SHA256_LEN) != 0)
		return "certificate";
	if (memcmp(a->spki_sha256, b->spki_sha256, ZTP_SHA256_LEN) != 0)
		return "key";
	if (strcmp(a->request_id, b->request_id) != 0)
		return "request";
	if (a->onboarding != b->onboarding)
		return "onboarding";
	return a->blocked == b->blocked ? NULL : "state";
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Does it exist? True: the reply is complete. */
static bool exists(struct ztp_gate *gate, const struct import *i,
		   struct ztp_reply *reply)
{
	struct ztp_error error = {0};
	const char *differs = NULL;
	struct ztp_device device;
	char *metadata = NULL;
	int rc = ztp_devices_get(gate->db, &device, i->path.whole.p, &error);

	if (rc == 0)
		return false;
	if (rc > 0)
		rc = ztp_devices_metadata(gate->db, &metadata, i->path.whole.p,
					  &error);
	if (rc < 0)
		return !ztp_reply_error(reply, &error);
	differs = difference(&device, &i->device);
	if (!differs && !same_text(metadata, i->metadata))
		differs = ZTP_M_METADATA;
	free(metadata);
	if (differs)
		return !ztp_reply_fail(reply, ZTP_CODE_ALREADY_EXISTS,
				       "the device exists with another %s",
				       differs);
	ztp_tree_put_bool(reply->data, ZTP_M_CREATED, false);
	return true;
}

/* --- */

static void finish(struct ztp_gate *gate, const struct import *i)
{
	const struct ztp_device *device = &i->device;

	ztp_gate_end_sharing(gate, &i->path);
	if (device->blocked)
		ztp_gate_end_path(gate, device->path);
	else
		ztp_control_settle(gate, device);
	ztp_control_note(gate, ZTP_AUDIT_ACCEPTED, ZTP_WHY_IMPORTED,
			 device->path, device->fingerprint, device->request_id);
}

void ztp_control_import_device(struct ztp_gate *gate, const cJSON *in,
			       struct ztp_reply *reply)
{
	struct ztp_error error = {0};
	struct import i = {0};

	if (!read_import(gate, &i, in, reply) || exists(gate, &i, reply) ||
	    !ztp_control_topic_free(gate, &i.path, reply))
		goto out;
	if (i.registry->counts.devices >= gate->options.limits.per_registry) {
		(void)ztp_reply_fail(reply, ZTP_CODE_RESOURCE_EXHAUSTED,
				     "the registry is full");
		goto out;
	}
	if (ztp_ending_joined(gate, i.device.path, ZTP_WHY_IMPORTED, &error) !=
		    0 ||
	    ztp_control_insert(gate, i.registry, &i.path, &i.device, i.metadata,
			       &error) != 0) {
		(void)ztp_reply_error(reply, &error);
		goto out;
	}
	if (!ztp_control_commit(gate, reply))
		goto out;
	finish(gate, &i);
	ztp_tree_put_bool(reply->data, ZTP_M_CREATED, true);
out:
	cJSON_free(i.metadata);
}
