/* `ztpctl doctor --bridge URL`: is the bridge one of several, and are they well? */
#include <string.h>

#include "base/http_paths.h"
#include "base/json_tree.h"
#include "tools/ztpctl/doctor.h"
#include "tools/ztpctl/doctor_get.h"
#include "ztp/member.h"

#define LAG_MAX 20000 /* records; as in docs/monitoring/alerts.yaml */

static int count_of(const cJSON *members, const char *role)
{
	const cJSON *member;
	int count = 0;

	cJSON_ArrayForEach (member, members)
		count += !role ||
			 strcmp(ztp_tree_text(member, "role"), role) == 0;
	return count;
}

/* Returns true if there is something to say. */
static bool check_members(struct ztp_doctor *d, const char *what,
			  const cJSON *group)
{
	const cJSON *members =
		cJSON_GetObjectItemCaseSensitive(group, "members");
	const char *twice = ztp_tree_text(group, ZTP_M_TWICE);
	int all = count_of(members, NULL), active = count_of(members, "active");

	if (active == 0)
		ztp_doctor_say(d, ZTP_FINDING_ERROR, what,
			       "none of %d bridges is active: /readyz of each "
			       "says what it waits for",
			       all);
	else if (active > 1)
		ztp_doctor_say(d, ZTP_FINDING_ERROR, what,
			       "%d bridges are active", active);
	if (all == 1)
		ztp_doctor_say(d, ZTP_FINDING_WARNING, what,
			       "only one bridge is in the group: nobody takes "
			       "over when it goes");
	if (*twice)
		ztp_doctor_say(d, ZTP_FINDING_ERROR, what,
			       "two bridges have the name %.64s: change "
			       "standby.instance of one",
			       twice);
	return active != 1 || all == 1 || *twice;
}

static bool check_self(struct ztp_doctor *d, const char *what,
		       const cJSON *group)
{
	const cJSON *lag =
		cJSON_GetObjectItemCaseSensitive(group, ZTP_M_LAG_RECORDS);
	const char *trouble = ztp_tree_text(group, "trouble");
	const char *self = ztp_tree_text(group, "instance");
	bool behind = cJSON_IsNumber(lag) && lag->valuedouble > LAG_MAX;

	if (*trouble)
		ztp_doctor_say(d, ZTP_FINDING_ERROR, what, "%.64s: %.320s",
			       self, trouble);
	if (behind)
		ztp_doctor_say(d, ZTP_FINDING_WARNING, what,
			       "the copy of %.64s is %.0f records behind", self,
			       lag->valuedouble);
	return *trouble || behind;
}

void ztp_doctor_group(struct ztp_doctor *doctor, const char *what)
{
	const char *url = doctor->ctl->bridge;
	struct ztp_error error = {0};
	cJSON *group = NULL;
	int status = ztp_doctor_get(&group, url, ZTP_HTTP_GROUP, &error);
	bool found;

	if (status < 0)
		ztp_doctor_say(doctor, ZTP_FINDING_ERROR, what, "%s",
			       error.message);
	else if (status == 404)
		ztp_doctor_say(doctor, ZTP_FINDING_OK, what,
			       "a single bridge (standby.enabled is false)");
	else if (status != 200)
		ztp_doctor_say(doctor, ZTP_FINDING_ERROR, what,
			       "%.100s: %.200s", url,
			       ztp_tree_text(group, ZTP_M_ERROR));
	if (status == 200) {
		found = check_members(doctor, what, group);
		found |= check_self(doctor, what, group);
		if (!found)
			ztp_doctor_say(
				doctor, ZTP_FINDING_OK, what,
				"one of %d bridges is active; %.64s: %.16s",
				count_of(cJSON_GetObjectItemCaseSensitive(
						 group, "members"),
					 NULL),
				ztp_tree_text(group, "instance"),
				ztp_tree_text(group, "role"));
	}
	cJSON_Delete(group);
}
