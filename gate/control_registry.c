/* Commands on registries and their CAs. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_tree.h"
#include "gate/control.h"
#include "gate/ending.h"
#include "gate/sweep.h"
#include "gate/sweeps.h"
#include "ztp/cert.h"
#include "ztp/code.h"
#include "ztp/member.h"

static void describe_ca(cJSON *list, const struct ztp_ca *ca)
{
	const struct ztp_cert *cert = ztp_ca_cert(ca);
	cJSON *object = ztp_tree_put_row(list);

	ztp_tree_put_sha256(object, ZTP_M_FINGERPRINT, cert->fingerprint);
	ztp_tree_put_text(object, ZTP_M_SUBJECT, cert->subject);
	ztp_tree_put_time(object, ZTP_M_NOT_BEFORE, cert->not_before);
	ztp_tree_put_time(object, ZTP_M_NOT_AFTER, cert->not_after);
}

static void describe(cJSON *object, const struct ztp_registry *registry,
		     bool with_cas)
{
	cJSON *cas;

	ztp_tree_put_text(object, ZTP_M_REGISTRY, registry->name);
	ztp_tree_put_text(object, ZTP_M_ONBOARDING,
			  ztp_onboarding_name(registry->onboarding));
	if (registry->audience)
		ztp_tree_put_text(object, ZTP_M_AUDIENCE, registry->audience);
	ztp_tree_put_time(object, ZTP_M_CREATED_AT, registry->created_at);
	ztp_tree_put_number(object, ZTP_M_DEVICES,
			    (double)registry->counts.devices);
	ztp_tree_put_number(object, ZTP_M_PENDING,
			    (double)registry->counts.candidates);
	if (!with_cas)
		return;
	cas = ztp_tree_put_list(object, ZTP_M_CAS);
	for (size_t i = 0; i < registry->ca_count; i++)
		describe_ca(cas, registry->cas[i]);
}

/* A member that is absent leaves its setting as it is. */
static bool settings(enum ztp_onboarding *onboarding, const char **audience,
		     const cJSON *in, struct ztp_reply *reply)
{
	const char *mode, *text;

	if (!ztp_control_string(&mode, in, ZTP_M_ONBOARDING, 16, false,
				reply) ||
	    !ztp_control_string(&text, in, ZTP_M_AUDIENCE, ZTP_AUDIENCE_MAX,
				false, reply))
		return false;
	if (mode && !ztp_onboarding_parse(onboarding, mode))
		return ztp_reply_fail(
			reply, ZTP_CODE_INVALID_ARGUMENT,
			"onboarding is not one of direct, custom, off");
	if (cJSON_GetObjectItemCaseSensitive(in, ZTP_M_AUDIENCE))
		*audience = text;
	return true;
}

/* What is made again must not be taken for what is still being ended. True: the
 * reply says so. */
static bool still_ending(struct ztp_gate *gate, const char *registry,
			 const uint8_t *ca, struct ztp_reply *reply)
{
	if (!ztp_sweeps_run(gate, registry, ca))
		return false;
	return !ztp_reply_fail(reply, ZTP_CODE_FAILED_PRECONDITION,
			       "the candidates of before are still being "
			       "ended: try again in some seconds");
}

void ztp_control_create_registry(struct ztp_gate *gate, const cJSON *in,
				 struct ztp_reply *reply)
{
	enum ztp_onboarding onboarding = ZTP_ONBOARDING_CUSTOM;
	const char *name, *audience = NULL;
	struct ztp_error error = {0};

	if (!ztp_control_string(&name, in, ZTP_M_REGISTRY, ZTP_REGISTRY_MAX,
				true, reply) ||
	    !settings(&onboarding, &audience, in, reply))
		return;
	if (!ztp_registry_name_valid(name)) {
		(void)ztp_reply_fail(reply, ZTP_CODE_INVALID_ARGUMENT,
				     "registry is not "
				     "subscription/registry");
		return;
	}
	if (ztp_registries_find(gate->registries, name, strlen(name))) {
		(void)ztp_reply_fail(reply, ZTP_CODE_ALREADY_EXISTS,
				     "registry %s exists already", name);
		return;
	}
	if (still_ending(gate, name, NULL, reply))
		return;
	if (ztp_registries_put(gate->registries, name, onboarding, audience,
			       ztp_clock_wall(), &error) != 0) {
		(void)ztp_reply_error(reply, &error);
		return;
	}
	if (ztp_control_commit(gate, reply))
		describe(reply->data,
			 ztp_registries_find(gate->registries, name,
					     strlen(name)),
			 true);
}

void ztp_control_get_registry(struct ztp_gate *gate, const cJSON *in,
			      struct ztp_reply *reply)
{
	struct ztp_registry *registry = ztp_control_registry(gate, in, reply);

	if (registry)
		describe(reply->data, registry, true);
}

void ztp_control_list_registries(struct ztp_gate *gate, const cJSON *in,
				 struct ztp_reply *reply)
{
	struct ztp_registry **found;
	struct ztp_page page;
	cJSON *row = NULL;
	size_t count;

	if (!ztp_page_begin(&page, gate, in, "registries", reply))
		return;
	found = calloc((size_t)page.limit + 1, sizeof(struct ztp_registry *));
	if (!found) {
		(void)ztp_reply_fail(reply, ZTP_CODE_UNAVAILABLE,
				     "out of memory");
		return;
	}
	count = ztp_registries_list(gate->registries, page.after, found,
				    (size_t)page.limit + 1);
	for (size_t i = 0; i < count; i++) {
		row = ztp_page_row(&page, found[i]->name);
		if (row)
			describe(row, found[i], false);
	}
	ztp_page_end(&page, reply);
	free(found);
}

void ztp_control_modify_registry(struct ztp_gate *gate, const cJSON *in,
				 struct ztp_reply *reply)
{
	struct ztp_registry *registry = ztp_control_registry(gate, in, reply);
	struct ztp_error error = {0};
	enum ztp_onboarding onboarding;
	const char *audience;

	if (!registry)
		return;
	onboarding = registry->onboarding;
	audience = registry->audience;
	if (!settings(&onboarding, &audience, in, reply))
		return;
	if (ztp_registries_put(gate->registries, registry->name, onboarding,
			       audience, registry->created_at, &error) != 0) {
		(void)ztp_reply_error(reply, &error);
		return;
	}
	if (ztp_control_commit(gate, reply))
		describe(reply->data, registry, true);
}

/* Answers how many have ended, now or when all have. */
static void finish(struct ztp_ending *ending, int64_t sweep,
		   struct ztp_reply *reply)
{
	if (sweep == 0)
		ztp_ending_describe(ending, reply->data);
	reply->sweep = sweep;
	ztp_ending_finish(ending);
}

void ztp_control_delete_registry(struct ztp_gate *gate, const cJSON *in,
				 struct ztp_reply *reply)
{
	struct ztp_registry *registry = ztp_control_registry(gate, in, reply);
	struct ztp_ending ending = {.gate = gate};
	struct ztp_error error = {0};
	int64_t sweep;
	int rc;

	if (!registry)
		return;
	if (registry->counts.devices > 0) {
		(void)ztp_reply_fail(reply, ZTP_CODE_FAILED_PRECONDITION,
				     "registry %s still has %lld devices",
				     registry->name,
				     (long long)registry->counts.devices);
		return;
	}
	rc = ztp_sweep_begin(&ending, &sweep, registry->name, NULL, &error);
	if (rc == 0)
		rc = ztp_registries_remove(gate->registries, registry->name,
					   &error);
	if (rc != 0) {
		(void)ztp_reply_error(reply, &error);
	} else if (ztp_control_commit(gate, reply)) {
		finish(&ending, sweep, reply);
	}
	ztp_ending_clear(&ending);
}

void ztp_control_add_ca(struct ztp_gate *gate, const cJSON *in,
			struct ztp_reply *reply)
{
	struct ztp_registry *registry = ztp_control_registry(gate, in, reply);
	struct ztp_error error = {0};
	struct ztp_ca *ca = NULL;
	const char *pem;

	if (!registry || !ztp_control_string(&pem, in, ZTP_M_PEM,
					     ZTP_CERT_TEXT_MAX, true, reply))
		return;
	if (ztp_ca_parse(&ca, pem, strlen(pem), &error) != 0) {
		(void)ztp_reply_fail(reply, ZTP_CODE_INVALID_ARGUMENT,
				     "pem: %s", error.message);
		return;
	}
	ztp_tree_put_text(reply->data, ZTP_M_REGISTRY, registry->name);
	ztp_tree_put_sha256(reply->data, ZTP_M_FINGERPRINT,
			    ztp_ca_cert(ca)->fingerprint);
	if (ztp_registry_ca(registry, ztp_ca_cert(ca)->fingerprint) >= 0)
		(void)ztp_reply_fail(reply, ZTP_CODE_ALREADY_EXISTS,
				     "registry %s has this CA already",
				     registry->name);
	else if (still_ending(gate, registry->name,
			      ztp_ca_cert(ca)->fingerprint, reply))
		; /* the reply says so */
	else if (ztp_registries_add_ca(gate->registries, registry, pem,
				       &error) != 0)
		(void)ztp_reply_error(reply, &error);
	else
		(void)ztp_control_commit(gate, reply);
	ztp_ca_free(ca);
}

/* Finds out which CA is meant: by its fingerprint or its certificate. */
static bool which_ca(uint8_t fingerprint[ZTP_SHA256_LEN], const cJSON *in,
		     struct ztp_reply *reply)
{
	struct ztp_error error = {0};
	struct ztp_ca *ca = NULL;
	bool present = false;
	const char *pem;

	if (!ztp_control_fingerprint(fingerprint, &present, in, reply))
		return false;
	if (present)
		return true;
	if (!ztp_control_string(&pem, in, ZTP_M_PEM, ZTP_CERT_TEXT_MAX, true,
				reply))
		return false;
	if (ztp_ca_parse(&ca, pem, strlen(pem), &error) != 0)
		return ztp_reply_fail(reply, ZTP_CODE_INVALID_ARGUMENT,
				      "pem: %s", error.message);
	memcpy(fingerprint, ztp_ca_cert(ca)->fingerprint, ZTP_SHA256_LEN);
	ztp_ca_free(ca);
	return true;
}

void ztp_control_remove_ca(struct ztp_gate *gate, const cJSON *in,
			   struct ztp_reply *reply)
{
	struct ztp_registry *registry = ztp_control_registry(gate, in, reply);
	uint8_t fingerprint[ZTP_SHA256_LEN];
	struct ztp_ending ending = {.gate = gate};
	struct ztp_error error = {0};
	int64_t sweep;
	long index;
	int rc;

	if (!registry || !which_ca(fingerprint, in, reply))
		return;
	index = ztp_registry_ca(registry, fingerprint);
	if (index < 0) {
		(void)ztp_reply_fail(reply, ZTP_CODE_NOT_FOUND,
				     "registry %s has no such CA",
				     registry->name);
		return;
	}
	rc = ztp_sweep_begin(&ending, &sweep, registry->name, fingerprint,
			     &error);
	if (rc == 0)
		rc = ztp_registries_remove_ca(gate->registries, registry,
					      (size_t)index, &error);
	if (rc != 0) {
		(void)ztp_reply_error(reply, &error);
	} else if (ztp_control_commit(gate, reply)) {
		ztp_tree_put_text(reply->data, ZTP_M_REGISTRY, registry->name);
		ztp_tree_put_sha256(reply->data, ZTP_M_FINGERPRINT,
				    fingerprint);
		finish(&ending, sweep, reply);
	}
	ztp_ending_clear(&ending);
}
