/* What the played gate answers to commands about one device. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/gate.h"
#include "tests/sim/sim.h"
#include "ztp/code.h"

#define RETRY_AFTER_S 60 /* plugin_opt_retry_after's default */

static const char *fail(char *data, const char *code, const char *why)
{
	snprintf(data, GATE_DATA_MAX, "\"%s\"", why);
	return code;
}

/* --- createDevice */

static void tell_created(void *arg, int64_t n)
{
	struct device *d = arg;

	(void)n;
	if (d->subscribed)
		gate_tell_subscribed(d, false);
}

/* Its session has a device's rights from now on; that of another key ends. */
static void become_device(struct device *d, const char *id)
{
	struct device *other = world_device(d->number ^ 1);

	oracle_approved_path(d->number);
	d->at_gate = GATE_DEVICE;
	snprintf(d->created_for, sizeof(d->created_for), "%s", id);
	if (other->exists && other->at_gate == GATE_CANDIDATE) {
		other->at_gate = GATE_UNKNOWN;
		gate_leave(other);
	}
	if (d->subscribed) /* in its next turn */
		sim_at(0, tell_created, d, 0);
}

const char *gate_create(struct device *d, const char *id, char *data)
{
	const struct device *holder = gate_holder(d);
	bool created = !holder;

	/* Even if the same device has become a candidate again since. */
	if (strcmp(d->withdrawn_id, id) == 0)
		return fail(data, ZTP_CODE_ABORTED,
			    "the request was withdrawn");
	if (holder && holder != d)
		return fail(data, ZTP_CODE_ALREADY_EXISTS,
			    "the device exists with another certificate");
	if (holder && strcmp(d->created_for, id) != 0)
		return fail(data, ZTP_CODE_ALREADY_EXISTS,
			    "the device exists with another request");
	if (created && d->at_gate != GATE_CANDIDATE && *d->withdrawn_id)
		return fail(data, ZTP_CODE_ABORTED,
			    "the request was withdrawn");
	if (created && d->at_gate != GATE_CANDIDATE)
		return fail(data, ZTP_CODE_FAILED_PRECONDITION,
			    "no candidate matches, and no public_key is given");
	if (created)
		become_device(d, id);
	snprintf(data, GATE_DATA_MAX,
		 "{\"created\":%s,\"device_path\":\"%s\","
		 "\"fingerprint_sha256\":\"%s\"%s}",
		 created ? "true" : "false", d->path, d->cert.hex,
		 gate_live(d));
	return ZTP_CODE_OK;
}

/* --- rejectDevice */

const char *gate_reject(struct device *d, int64_t retry_after_s, char *data)
{
	bool was = d->at_gate == GATE_CANDIDATE;

	if (d->at_gate == GATE_DEVICE)
		return fail(data, ZTP_CODE_FAILED_PRECONDITION,
			    "the device exists");
	if (was) {
		d->at_gate = GATE_REJECTED;
		gate_leave(d);
		if (retry_after_s < 0)
			retry_after_s = RETRY_AFTER_S;
		if (sim_odds(2))
			gate_come_again(d, retry_after_s * SIM_S +
						   sim_delay(0, 20 * SIM_S));
	}
	snprintf(data, GATE_DATA_MAX, "{\"rejected\":%s}",
		 was ? "true" : "false");
	return ZTP_CODE_OK;
}

/* --- getDevice */

static const char *describe(const struct device *d, const char *state,
			    const char *request_id, char *data)
{
	bool device = d->at_gate == GATE_DEVICE;

	snprintf(data, GATE_DATA_MAX,
		 "{\"device_path\":\"%s\",\"state\":\"%s\","
		 "\"fingerprint_sha256\":\"%s\",\"spki_sha256\":\"%s\"%s,"
		 "\"request_id\":\"%s\"%s%s}",
		 d->path, state, d->cert.hex, d->cert.hex,
		 device ? ",\"onboarding\":\"custom\","
			  "\"created_at\":\"2026-02-25T00:00:00.000Z\""
			: "",
		 request_id, gate_live(d), gate_connection(d));
	return ZTP_CODE_OK;
}

const char *gate_get(struct device *d, char *data)
{
	const struct device *holder = gate_holder(d);

	if (holder)
		return describe(holder, "active", holder->created_for, data);
	if (d->at_gate == GATE_CANDIDATE || d->at_gate == GATE_REJECTED)
		return describe(d,
				d->at_gate == GATE_CANDIDATE ? "pending"
							     : "rejected",
				d->gate_id, data);
	return fail(data, ZTP_CODE_NOT_FOUND, "no device");
}

/* --- resendDevice */

const char *gate_resend(struct device *d, char *data)
{
	if (!d->live)
		return fail(data, ZTP_CODE_FAILED_PRECONDITION,
			    "the device is not connected");
	if (!d->subscribed)
		return fail(data, ZTP_CODE_FAILED_PRECONDITION,
			    "the device has not subscribed to its command "
			    "topic");
	gate_tell_subscribed(d, true);
	snprintf(data, GATE_DATA_MAX, "{\"device_path\":\"%s\"%s}", d->path,
		 gate_connection(d));
	return ZTP_CODE_OK;
}
