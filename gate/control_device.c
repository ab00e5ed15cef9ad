/* Commands on devices, except createDevice (control_create.c). */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_tree.h"
#include "gate/candidates.h"
#include "gate/control.h"
#include "gate/devices.h"
#include "gate/ending.h"
#include "gate/publish.h"
#include "gate/rejections.h"
#include "gate/topics.h"
#include "ztp/code.h"
#include "ztp/command.h"
#include "ztp/member.h"

/* ---- rejectDevice */

static bool is_device(struct ztp_gate *gate, const char *path,
		      const uint8_t fingerprint[ZTP_SHA256_LEN],
		      struct ztp_reply *reply)
{
	struct ztp_error error = {0};
	struct ztp_device device;
	int rc = ztp_devices_get(gate->db, &device, path, &error);

	if (rc < 0)
		return !ztp_reply_error(reply, &error);
	if (rc > 0 &&
	    memcmp(device.fingerprint, fingerprint, ZTP_SHA256_LEN) == 0)
		return !ztp_reply_fail(reply, ZTP_CODE_FAILED_PRECONDITION,
				       "the device exists");
	return false;
}

static void end_held(struct ztp_gate *gate, const char *path,
		     const uint8_t fingerprint[ZTP_SHA256_LEN])
{
	struct ztp_session *session =
		ztp_sessions_by_path(gate->sessions, path);

	if (!session || session->right != ZTP_RIGHT_HELD ||
	    memcmp(session->fingerprint, fingerprint, ZTP_SHA256_LEN) != 0)
		return;
	ztp_gate_end_path(gate, path);
}

/* Rejects the candidate, and those of the same certificate under another
 * fingerprint. Returns how many there were, or negative. */
static int64_t reject(struct ztp_ending *ending,
		      const struct ztp_candidate *candidate,
		      struct ztp_error *error)
{
	struct ztp_gate *gate = ending->gate;
	struct ztp_path path;
	int rc = ztp_path_parse(&path, candidate->path, strlen(candidate->path),
				error);

	if (rc == 0 && !candidate->rejected)
		rc = ztp_rejections_add(
			gate, ztp_registries_of(gate->registries, &path),
			candidate, ending->retry_at, error);
	if (rc == 0)
		rc = ztp_ending_list(ending, ZTP_CANDIDATES_PATH,
				     candidate->path, error);
	return rc < 0 ? rc : ending->count + !candidate->rejected;
}

void ztp_control_reject_device(struct ztp_gate *gate, const cJSON *in,
			       struct ztp_reply *reply)
{
	struct ztp_ending ending = {.gate = gate, .reason = ZTP_WHY_REJECTED};
	uint8_t fingerprint[ZTP_SHA256_LEN];
	struct ztp_candidate candidate;
	struct ztp_error error = {0};
	struct ztp_path path;
	int64_t count;

	if (!ztp_control_path(&path, in, reply) ||
	    !ztp_control_fingerprint(fingerprint, NULL, in, reply) ||
	    !ztp_control_retry_at(&ending.retry_at, gate, in, reply) ||
	    is_device(gate, path.whole.p, fingerprint, reply))
		return;
	count = ztp_candidates_get(gate->db, &candidate, path.whole.p,
				   fingerprint, &error);
	if (count > 0) {
		ending.identity = candidate.identity;
		count = reject(&ending, &candidate, &error);
	}
	if (count < 0) {
		(void)ztp_reply_error(reply, &error);
	} else if (ztp_control_commit(gate, reply)) {
		ztp_tree_put_bool(reply->data, ZTP_M_REJECTED, count > 0);
		ztp_ending_finish(&ending);
		if (count > 0)
			end_held(gate, path.whole.p, fingerprint);
		if (count > 0)
			ztp_control_note(gate, ZTP_AUDIT_REFUSED,
					 ZTP_WHY_REJECTED, path.whole.p,
					 fingerprint, candidate.id);
	}
	ztp_ending_clear(&ending);
}

/* ---- getDevice and listDevices */

static void describe(cJSON *object, struct ztp_gate *gate,
		     const struct ztp_device *device)
{
	ztp_tree_put_text(object, ZTP_M_DEVICE_PATH, device->path);
	ztp_tree_put_text(object, ZTP_M_STATE,
			  device->blocked ? "blocked" : "active");
	ztp_tree_put_sha256(object, ZTP_M_FINGERPRINT, device->fingerprint);
	ztp_tree_put_sha256(object, ZTP_M_SPKI, device->spki_sha256);
	ztp_tree_put_text(object, ZTP_M_ONBOARDING,
			  ztp_onboarding_name(device->onboarding));
	ztp_tree_put_time(object, ZTP_M_CREATED_AT, device->created_at);
	ztp_tree_put_text(object, ZTP_M_REQUEST_ID, device->request_id);
	ztp_control_describe_live(object, gate, device->path,
				  device->spki_sha256);
}

static void describe_candidate(cJSON *object, struct ztp_gate *gate,
			       const struct ztp_candidate *candidate)
{
	ztp_tree_put_text(object, ZTP_M_DEVICE_PATH, candidate->path);
	ztp_tree_put_text(object, ZTP_M_STATE,
			  candidate->rejected ? "rejected" : "pending");
	ztp_tree_put_sha256(object, ZTP_M_FINGERPRINT, candidate->fingerprint);
	ztp_tree_put_sha256(object, ZTP_M_SPKI, candidate->spki_sha256);
	ztp_tree_put_text(object, ZTP_M_REQUEST_ID, candidate->id);
	ztp_control_describe_live(object, gate, candidate->path,
				  candidate->spki_sha256);
}

/* There is no device: answers with the candidate if the request names its
 * certificate. */
static void get_candidate(struct ztp_gate *gate, const char *path,
			  const uint8_t *fingerprint, struct ztp_reply *reply)
{
	struct ztp_candidate candidate;
	struct ztp_error error = {0};
	int rc = 0;

	if (fingerprint)
		rc = ztp_candidates_get(gate->db, &candidate, path, fingerprint,
					&error);
	if (rc < 0)
		(void)ztp_reply_error(reply, &error);
	else if (rc == 0)
		(void)ztp_reply_fail(reply, ZTP_CODE_NOT_FOUND,
				     "no device %.200s", path);
	else
		describe_candidate(reply->data, gate, &candidate);
	if (rc > 0)
		ztp_control_describe_connection(reply->data, gate,
						candidate.path,
						candidate.spki_sha256);
}

void ztp_control_get_device(struct ztp_gate *gate, const cJSON *in,
			    struct ztp_reply *reply)
{
	uint8_t fingerprint[ZTP_SHA256_LEN];
	struct ztp_error error = {0};
	struct ztp_device device;
	char *metadata = NULL;
	struct ztp_path path;
	bool by_cert;
	int rc;

	if (!ztp_control_path(&path, in, reply) ||
	    !ztp_control_fingerprint(fingerprint, &by_cert, in, reply))
		return;
	rc = ztp_devices_get(gate->db, &device, path.whole.p, &error);
	if (rc == 0) {
		get_candidate(gate, path.whole.p, by_cert ? fingerprint : NULL,
			      reply);
		return;
	}
	if (rc > 0)
		rc = ztp_devices_metadata(gate->db, &metadata, path.whole.p,
					  &error);
	if (rc < 0) {
		(void)ztp_reply_error(reply, &error);
		return;
	}
	describe(reply->data, gate, &device);
	ztp_control_describe_connection(reply->data, gate, device.path,
					device.spki_sha256);
	if (metadata)
		ztp_tree_put_raw(reply->data, ZTP_M_METADATA, metadata);
	free(metadata);
}

static bool list_one(const struct ztp_device *device, void *arg)
{
	struct ztp_page *page = arg;
	cJSON *row = ztp_page_row(page, device->path);

	if (row)
		describe(row, page->gate, device);
	return row != NULL;
}

void ztp_control_list_devices(struct ztp_gate *gate, const cJSON *in,
			      struct ztp_reply *reply)
{
	struct ztp_error error = {0};
	struct ztp_page page;

	if (!ztp_page_begin(&page, gate, in, "devices", reply) ||
	    !ztp_page_registry(&page, in, reply))
		return;
	if (ztp_devices_list(gate->db, page.registry ? page.registry->name : "",
			     page.after, page.limit + 1, list_one, &page,
			     &error) != 0)
		(void)ztp_reply_error(reply, &error);
	else
		ztp_page_end(&page, reply);
}

/* ---- deleteDevice, blockDevice and unblockDevice */

static bool get_existing(struct ztp_gate *gate, struct ztp_path *path,
			 struct ztp_device *device, const cJSON *in,
			 struct ztp_reply *reply)
{
	struct ztp_error error = {0};
	int rc;

	if (!ztp_control_path(path, in, reply))
		return false;
	rc = ztp_devices_get(gate->db, device, path->whole.p, &error);
	if (rc < 0)
		return ztp_reply_error(reply, &error);
	if (rc == 0)
		return ztp_reply_fail(reply, ZTP_CODE_NOT_FOUND,
				      "no device %.200s", path->whole.p);
	ztp_tree_put_text(reply->data, ZTP_M_DEVICE_PATH, device->path);
	return true;
}

void ztp_control_delete_device(struct ztp_gate *gate, const cJSON *in,
			       struct ztp_reply *reply)
{
	struct ztp_error error = {0};
	struct ztp_device device;
	struct ztp_path path;

	if (!get_existing(gate, &path, &device, in, reply))
		return;
	if (ztp_devices_delete(gate->db,
			       ztp_registries_of(gate->registries, &path),
			       &device, ztp_clock_wall(), &error) != 0 ||
	    ztp_topics_release(gate->topics, device.path, &error) != 0) {
		(void)ztp_reply_error(reply, &error);
		return;
	}
	if (!ztp_control_commit(gate, reply))
		return;
	ztp_gate_end_path(gate, device.path);
	ztp_control_note(gate, ZTP_AUDIT_ENDED, ZTP_WHY_DELETED, device.path,
			 device.fingerprint, device.request_id);
}

static void set_blocked(struct ztp_gate *gate, const cJSON *in, bool blocked,
			struct ztp_reply *reply)
{
	struct ztp_error error = {0};
	struct ztp_device device;
	struct ztp_path path;

	if (!get_existing(gate, &path, &device, in, reply))
		return;
	if (ztp_devices_set_blocked(gate->db, device.path, blocked, &error)) {
		(void)ztp_reply_error(reply, &error);
		return;
	}
	if (!ztp_control_commit(gate, reply))
		return;
	if (blocked)
		ztp_gate_end_path(gate, device.path);
	ztp_control_note(gate, blocked ? ZTP_AUDIT_ENDED : ZTP_AUDIT_ACCEPTED,
			 blocked ? ZTP_WHY_BLOCKED : ZTP_WHY_UNBLOCKED,
			 device.path, device.fingerprint, device.request_id);
}

void ztp_control_block_device(struct ztp_gate *gate, const cJSON *in,
			      struct ztp_reply *reply)
{
	set_blocked(gate, in, true, reply);
}

void ztp_control_unblock_device(struct ztp_gate *gate, const cJSON *in,
				struct ztp_reply *reply)
{
	set_blocked(gate, in, false, reply);
}

/* ---- resendDevice */

/* Whoever has told the device something is asked to tell it again: the bridge,
 * or after a direct onboarding the gate itself. */
void ztp_control_resend_device(struct ztp_gate *gate, const cJSON *in,
			       struct ztp_reply *reply)
{
	struct ztp_session *session;
	struct ztp_device device;
	struct ztp_path path;

	if (!get_existing(gate, &path, &device, in, reply))
		return;
	session = ztp_control_live(gate, device.path, device.spki_sha256);
	if (!session || !session->subscribed) {
		(void)ztp_reply_fail(reply, ZTP_CODE_FAILED_PRECONDITION,
				     "the device %s",
				     session ? "has not subscribed to its "
					       "command topic"
					     : "is not connected");
		return;
	}
	ztp_control_describe_connection(reply->data, gate, device.path,
					device.spki_sha256);
	if (session->greet) { /* it has not been told yet, and will be */
		session->announce = true;
		return;
	}
	if (device.onboarding == ZTP_ONBOARDING_DIRECT &&
	    !ztp_publish_status(gate, session, ZTP_STATUS_APPROVED)) {
		(void)ztp_reply_fail(reply, ZTP_CODE_UNAVAILABLE,
				     "the device could not be told");
		return;
	}
	if (!ztp_publish_subscribed(gate, session, true))
		(void)ztp_reply_fail(reply, ZTP_CODE_UNAVAILABLE,
				     "the bridge could not be told");
}
