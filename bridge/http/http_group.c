#include "bridge/http/http_group.h"

#include <microhttpd.h>

#include "ztp/member.h"

static bool add_member(cJSON *members, const struct group_status_member *from)
{
	cJSON *member = cJSON_CreateObject();

	if (!member || !cJSON_AddItemToArray(members, member)) {
		cJSON_Delete(member);
		return false;
	}
	return cJSON_AddStringToObject(member, "instance",
				       from->named.instance) &&
	       cJSON_AddStringToObject(member, ZTP_M_VERSION,
				       from->named.version) &&
	       cJSON_AddStringToObject(member, "advertise",
				       from->named.advertise) &&
	       cJSON_AddStringToObject(member, "role", from->role);
}

static bool add_members(cJSON *object, const struct group_status *group)
{
	cJSON *members = cJSON_AddArrayToObject(object, "members");
	bool ok = members != NULL;

	for (size_t i = 0; ok && i < group->count; i++)
		ok = add_member(members, &group->members[i]);
	return ok;
}

static bool add_lag(cJSON *object, int64_t lag)
{
	const char *name = ZTP_M_LAG_RECORDS;

	return lag < 0 ? cJSON_AddNullToObject(object, name) != NULL
		       : cJSON_AddNumberToObject(object, name, (double)lag) !=
				 NULL;
}

static bool add_text(cJSON *object, const char *name, const char *text)
{
	return !*text || cJSON_AddStringToObject(object, name, text);
}

/* What /readyz says as well. */
static const char *trouble_of(const struct bridge *b)
{
	const struct group_status *group = b->group;

	return *group->group || b->standing ? group->group : group->undone;
}

static bool add_all(cJSON *object, const struct bridge *b)
{
	const struct group_status *group = b->group;
	const char *instance = b->core.config->standby.instance;

	return cJSON_AddStringToObject(object, "instance", instance) &&
	       cJSON_AddStringToObject(object, "role",
				       ztp_role_name(group->role)) &&
	       add_members(object, group) && add_lag(object, group->lag) &&
	       http_add_time(object, "since", group->since) &&
	       add_text(object, "trouble", trouble_of(b)) &&
	       add_text(object, ZTP_M_TWICE, group->twice);
}

struct http_page http_group(struct bridge *b)
{
	cJSON *object;

	if (!b->group)
		return http_error_page(MHD_HTTP_NOT_FOUND,
				       "this bridge is not one of several: "
				       "standby.enabled is false");
	object = cJSON_CreateObject();
	if (object && !add_all(object, b)) {
		cJSON_Delete(object);
		object = NULL;
	}
	return http_json_page(MHD_HTTP_OK, object);
}
