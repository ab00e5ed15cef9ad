#include "bridge/http/http_status.h"

#include <microhttpd.h>

#include "bridge/http/http_requests.h"
#include "ztp/member.h"

static bool add_parts(cJSON *object, const struct readiness *r)
{
	cJSON *parts = cJSON_AddArrayToObject(object, "parts");
	size_t i;

	for (i = 0; i < r->count && parts; i++) {
		const struct readiness_part *from = &r->parts[i];
		cJSON *part = cJSON_CreateObject();

		if (!part || !cJSON_AddItemToArray(parts, part)) {
			cJSON_Delete(part);
			return false;
		}
		if (!cJSON_AddStringToObject(part, "name", from->name) ||
		    !cJSON_AddBoolToObject(part, "ready", from->ok) ||
		    (!from->ok &&
		     (!cJSON_AddStringToObject(part, "why", from->why) ||
		      !http_add_time(part, "since", from->since))))
			return false;
	}
	return parts != NULL;
}

static bool all_ok(const struct readiness *r)
{
	size_t i;

	for (i = 0; i < r->count; i++)
		if (!r->parts[i].ok)
			return false;
	return true;
}

static bool add_counts(cJSON *object, const struct store *store)
{
	cJSON *counts = cJSON_AddObjectToObject(object, "requests");
	int state;

	for (state = 1; state < ZTP_STATE_END && counts; state++) {
		enum ztp_state s = (enum ztp_state)state;

		if (!cJSON_AddNumberToObject(
			    counts, ztp_state_name(s),
			    store ? (double)store_count(store, s) : 0))
			return false;
	}
	return counts != NULL;
}

/* Returns 0 or a negative error; out of memory is one of the store's
 * errors too. */
static int add_oldest(cJSON *object, struct store *store,
		      struct ztp_error *error)
{
	int64_t n = store_list_next(store, 0, true);
	struct store_request r;
	cJSON *oldest;
	int rc;

	if (n == 0)
		return 0;
	rc = store_request_by_n(store, n, &r, error);
	if (rc <= 0)
		return rc;
	oldest = http_request_object(&r);
	if (oldest && cJSON_AddItemToObject(object, "oldest_undecided", oldest))
		return 0;
	cJSON_Delete(oldest);
	return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
}

static bool add_role(cJSON *object, const struct bridge *b)
{
	return !b->group ||
	       (cJSON_AddStringToObject(object, "instance",
					b->core.config->standby.instance) &&
		cJSON_AddStringToObject(object, "role",
					ztp_role_name(b->group->role)) &&
		http_add_copy(object, b));
}

static bool add_all(cJSON *object, const struct bridge *b,
		    const struct readiness *r)
{
	int64_t started_at =
		b->group ? b->group->started_at : b->core.clock.anchor_steady;
	double bytes = b->store ? (double)store_bytes(b->store) : 0;

	return cJSON_AddStringToObject(object, ZTP_M_VERSION, ZTP_VERSION) &&
	       http_add_time(object, "at", ztp_clock_steady(&b->core.clock)) &&
	       http_add_time(object, "started_at", started_at) &&
	       add_role(object, b) &&
	       cJSON_AddBoolToObject(object, "ready", all_ok(r)) &&
	       add_parts(object, r) && add_counts(object, b->store) &&
	       cJSON_AddNumberToObject(object, "store_bytes", bytes);
}

struct http_page http_status(struct bridge *b, const struct readiness *r)
{
	cJSON *object = cJSON_CreateObject();
	struct ztp_error error;
	int rc;

	if (!object || !add_all(object, b, r)) {
		cJSON_Delete(object);
		return http_json_page(MHD_HTTP_OK, NULL);
	}
	rc = http_page_listed(b) ? add_oldest(object, b->store, &error) : 0;
	if (rc == 0)
		return http_json_page(MHD_HTTP_OK, object);
	cJSON_Delete(object);
	if (rc == ZTP_ERR_NOMEM)
		return http_json_page(MHD_HTTP_OK, NULL);
	return http_store_page(b, &error);
}
