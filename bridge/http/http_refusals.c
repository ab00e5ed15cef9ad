#include "bridge/http/http_refusals.h"

#include <microhttpd.h>

#include "base/json_tree.h"
#include "bridge/core/verdicts.h"
#include "ztp/member.h"

static bool add_text(cJSON *object, const char *name, const char *text)
{
	return !*text || cJSON_AddStringToObject(object, name, text);
}

static cJSON *refusal_object(const struct refusal *r)
{
	cJSON *object = cJSON_CreateObject();

	if (object && http_add_time(object, ZTP_M_AT, r->at) &&
	    cJSON_AddStringToObject(object, ZTP_M_CODE, r->code) &&
	    cJSON_AddNumberToObject(object, ZTP_M_COUNT, (double)r->count) &&
	    add_text(object, ZTP_M_DEVICE_PATH, r->path) &&
	    (!r->has_fingerprint ||
	     ztp_tree_add_sha256(object, ZTP_M_FINGERPRINT, r->fingerprint)) &&
	    add_text(object, ZTP_M_REMOTE_ADDR, r->remote_addr))
		return object;
	cJSON_Delete(object);
	return NULL;
}

struct http_page http_refusals(const struct bridge *b)
{
	const struct refusal *list[REFUSALS_MAX];
	int i, count = refusals_list(verdicts_refusals(b->verdicts), list);
	cJSON *object = cJSON_CreateObject();
	cJSON *array = cJSON_AddArrayToObject(object, "refusals");

	for (i = 0; i < count && array; i++) {
		cJSON *one = refusal_object(list[i]);

		if (!one || !cJSON_AddItemToArray(array, one)) {
			cJSON_Delete(one);
			array = NULL;
		}
	}
	if (array)
		return http_json_page(MHD_HTTP_OK, object);
	cJSON_Delete(object);
	return http_json_page(MHD_HTTP_OK, NULL);
}
