#include "bridge/http/http_page.h"

#include "ztp/member.h"

#include <microhttpd.h>

#include "base/json_tree.h"

struct http_page http_json_page(unsigned status, cJSON *object)
{
	struct http_page page = {.status = status, .type = ZTP_MEDIA_JSON};

	if (object)
		page.text = cJSON_PrintUnformatted(object);
	cJSON_Delete(object);
	return page;
}

struct http_page http_error_page(unsigned status, const char *message)
{
	cJSON *object = cJSON_CreateObject();

	if (object && !cJSON_AddStringToObject(object, ZTP_M_ERROR, message)) {
		cJSON_Delete(object);
		object = NULL;
	}
	return http_json_page(status, object);
}

struct http_page http_busy_page(void)
{
	struct http_page page =
		http_error_page(MHD_HTTP_SERVICE_UNAVAILABLE,
				"too many pages are asked for; try again");

	page.again = true;
	return page;
}

bool http_page_listed(const struct bridge *b)
{
	return !b->standing || (b->store && b->group->listed);
}

struct http_page http_unread_page(void)
{
	struct http_page page =
		http_error_page(MHD_HTTP_SERVICE_UNAVAILABLE,
				"the copy of the state is being read");

	page.again = true;
	return page;
}

bool http_add_copy(cJSON *object, const struct bridge *b)
{
	return !b->standing || cJSON_AddTrueToObject(object, "copy");
}

struct http_page http_store_page(struct bridge *b,
				 const struct ztp_error *error)
{
	log_warn(b->core.log, "http_store_failed", LOG_WHY(error));
	return http_error_page(MHD_HTTP_SERVICE_UNAVAILABLE,
			       "the store cannot be read at the moment");
}

bool http_add_time(cJSON *object, const char *name, int64_t ms)
{
	return ms <= 0 || ztp_tree_add_time(object, name, ms);
}
