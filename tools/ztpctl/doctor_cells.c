/* `ztpctl doctor`: does exactly one bridge serve each subscription? */
#include <string.h>

#include "base/json_tree.h"
#include "tools/ztpctl/doctor.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"

static bool serves(const cJSON *cell, const char *id, size_t len)
{
	const cJSON *ours =
		cJSON_GetObjectItemCaseSensitive(cell, ZTP_M_SUBSCRIPTIONS);
	const cJSON *one;

	cJSON_ArrayForEach (one, ours)
		if (cJSON_IsString(one) && strlen(one->valuestring) == len &&
		    memcmp(one->valuestring, id, len) == 0)
			return true;
	return cJSON_GetArraySize(ours) == 0;
}

/* Returns true if there is something to say about the subscription. */
static bool check_one(struct ztp_doctor *d, const char *what,
		      const cJSON *cells, const char *id, size_t len)
{
	const cJSON *cell, *first = NULL, *second = NULL;

	cJSON_ArrayForEach (cell, cells) {
		if (!serves(cell, id, len))
			continue;
		second = first ? cell : NULL;
		first = first ? first : cell;
		if (second)
			break;
	}
	if (!first)
		ztp_doctor_say(d, ZTP_FINDING_ERROR, what,
			       "%.*s: no bridge serves it, so its devices wait "
			       "in vain; add it to mqtt.subscriptions of one",
			       (int)len, id);
	else if (second)
		ztp_doctor_say(d, ZTP_FINDING_ERROR, what,
			       "%.*s: the bridges %s and %s both serve it, and "
			       "ask two customers; take it out of "
			       "mqtt.subscriptions of one",
			       (int)len, id, ztp_tree_text(first, ZTP_M_GROUP),
			       ztp_tree_text(second, ZTP_M_GROUP));
	return !first || second;
}

/* The list is in the order of names, so a subscription's registries stand
 * together. */
static bool check_all(struct ztp_doctor *d, const char *what,
		      const cJSON *cells, const cJSON *registries)
{
	const cJSON *registry;
	const char *before = "";
	bool found = false;

	cJSON_ArrayForEach (registry, registries) {
		const char *name = ztp_tree_text(registry, ZTP_M_REGISTRY);
		size_t len = strcspn(name, "/");

		if (strcmp(ztp_tree_text(registry, ZTP_M_ONBOARDING),
			   "custom") != 0 ||
		    (strncmp(before, name, len) == 0 && before[len] == '/'))
			continue;
		before = name;
		found |= check_one(d, what, cells, name, len);
	}
	return found;
}

void ztp_doctor_cells(struct ztp_doctor *doctor, const char *what)
{
	const cJSON *cells =
		cJSON_GetObjectItemCaseSensitive(doctor->info, ZTP_M_CELLS);
	cJSON *registries;

	if (!cells)
		return; /* no answer, or an older gate's */
	if (cJSON_GetArraySize(cells) == 0) {
		ztp_doctor_say(doctor, ZTP_FINDING_WARNING, what,
			       "no bridge has asked the gate within 90 s: does "
			       "it run, with mqtt.registrar: gate?");
		return;
	}
	registries = ztp_ctl_list(doctor->ctl, ZTP_CMD_LIST_REGISTRIES,
				  ZTP_M_REGISTRIES, cJSON_CreateObject());
	if (registries && !check_all(doctor, what, cells, registries))
		ztp_doctor_say(doctor, ZTP_FINDING_OK, what,
			       "one bridge serves each");
	cJSON_Delete(registries);
}
