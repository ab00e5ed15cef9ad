#include "bridge/http/http_requests.h"

#include "ztp/member.h"

#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

#include "base/json_tree.h"
#include "bridge/life/invalid.h"

/* --- a request as an object */

static bool add_str(cJSON *object, const char *name, struct ztp_str str)
{
	char text[ZTP_ID_MAX + 1];

	(void)snprintf(text, sizeof(text), "%.*s", (int)str.n, str.p);
	return cJSON_AddStringToObject(object, name, text);
}

static bool add_device(cJSON *object, const char *path)
{
	cJSON *device = cJSON_AddObjectToObject(object, ZTP_M_DEVICE);
	struct ztp_path parts;

	if (!device || !cJSON_AddStringToObject(device, ZTP_M_PATH, path))
		return false;
	if (ztp_path_parse(&parts, path, strlen(path), NULL) < 0)
		return true;
	return add_str(device, ZTP_M_SUBSCRIPTION, parts.subscription) &&
	       add_str(device, ZTP_M_REGISTRY, parts.registry) &&
	       add_str(device, ZTP_M_ID, parts.device);
}

static bool add_all(cJSON *object, const struct store_request *r)
{
	bool in_progress =
		!ztp_state_undecided(r->state) && !ztp_state_finished(r->state);
	/* A request that ended on arrival was never announced. */
	bool announced =
		r->state != ZTP_STATE_RECEIVED &&
		(r->finished_at == 0 || r->finished_at > r->announced_at);

	return cJSON_AddStringToObject(object, ZTP_M_REQUEST_ID, r->id) &&
	       add_device(object, r->path) &&
	       ztp_tree_add_sha256(object, ZTP_M_FINGERPRINT, r->fingerprint) &&
	       cJSON_AddStringToObject(object, ZTP_M_STATE,
				       ztp_state_name(r->state)) &&
	       cJSON_AddNumberToObject(object, ZTP_M_ATTEMPT, r->attempt) &&
	       http_add_time(object, ZTP_M_RECEIVED_AT, r->received_at) &&
	       http_add_time(object, "announced_at",
			     announced ? r->announced_at : 0) &&
	       http_add_time(object, ZTP_M_EXPIRES_AT, r->expires_at) &&
	       http_add_time(object, "due_at",
			     in_progress ? r->owed.due_at : 0) &&
	       http_add_time(object, "finished_at", r->finished_at) &&
	       http_add_time(object, ZTP_M_DELIVERED_AT, r->delivered_at) &&
	       cJSON_AddNumberToObject(object, "tries", r->owed.tries) &&
	       (!in_progress || r->owed.what != ZTP_OWED_WAIT_DEVICE ||
		cJSON_AddTrueToObject(object, "awaits_device")) &&
	       http_add_time(object, "next_try_at", r->owed.retry_at);
}

cJSON *http_request_object(const struct store_request *r)
{
	cJSON *object = cJSON_CreateObject();

	if (object && add_all(object, r))
		return object;
	cJSON_Delete(object);
	return NULL;
}

/* --- one */

static bool add_position(cJSON *object, const struct store_decision *d)
{
	cJSON *position = cJSON_AddObjectToObject(object, "position");
	char offset[24];

	/* An offset has 63 bits, a number in cJSON only 53. */
	(void)snprintf(offset, sizeof(offset), "%lld", (long long)d->offset);
	return position &&
	       cJSON_AddStringToObject(position, ZTP_M_TOPIC, d->topic) &&
	       cJSON_AddNumberToObject(position, ZTP_M_PARTITION,
				       d->partition) &&
	       cJSON_AddRawToObject(position, ZTP_M_OFFSET, offset);
}

static bool add_decision(cJSON *object, const struct store_decision *d)
{
	cJSON *decision = cJSON_AddObjectToObject(object, ZTP_M_DECISION);
	const char *by = d->by_customer ? "customer" : "timeout";

	return decision &&
	       cJSON_AddStringToObject(decision, ZTP_M_VERDICT,
				       ztp_verdict_name(d->verdict)) &&
	       cJSON_AddStringToObject(decision, "by", by) &&
	       (!d->reason[0] ||
		cJSON_AddStringToObject(decision, ZTP_M_REASON, d->reason)) &&
	       (!d->message[0] ||
		cJSON_AddStringToObject(decision, ZTP_M_MESSAGE, d->message)) &&
	       (!d->by_customer || add_position(decision, d));
}

/* Of one that was undeliverable and is onboarded now, it is history. */
static bool add_reason(cJSON *object, const struct store_request *r,
		       const char *text)
{
	return !*text || r->state == ZTP_STATE_ONBOARDED ||
	       cJSON_AddStringToObject(object, ZTP_M_MESSAGE, text);
}

struct http_page http_requests_one(struct bridge *b, const char *id)
{
	char reason[STORE_REASON_MAX + 1] = "";
	struct store_request r;
	struct store_decision d;
	struct ztp_error error;
	cJSON *object;
	bool decided;
	int rc = 0;

	if (!http_page_listed(b))
		return http_unread_page();
	if (ztp_request_id_valid(id, strlen(id)))
		rc = store_request_by_id(b->store, id, &r, &error);
	if (rc == 0)
		return http_error_page(MHD_HTTP_NOT_FOUND, "no such request");
	if (rc > 0)
		rc = store_reason_get(b->store, &r, reason, &error);
	if (rc >= 0)
		rc = store_decision_get(b->store, &r, false, &d, &error);
	if (rc < 0)
		return http_store_page(b, &error);
	decided = rc == 1 && !invalid_is_note(&d);
	object = http_request_object(&r);
	if (object &&
	    (!http_add_copy(object, b) || !add_reason(object, &r, reason) ||
	     (decided && !add_decision(object, &d)))) {
		cJSON_Delete(object);
		object = NULL;
	}
	if (rc == 1)
		store_decision_clear(&d);
	return http_json_page(MHD_HTTP_OK, object);
}
