/*
 * `ztpctl device list`, and what it selects by. The gate keeps a device's key
 * and not its certificate, so --ca selects the devices of the registries that
 * trust the CA.
 */
#include <string.h>

#include "base/json_tree.h"
#include "tools/common/cli.h"
#include "tools/ztpctl/fingerprint.h"
#include "tools/ztpctl/ztpctl.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"
#include "ztp/path.h"

struct selection {
	const struct ztp_ctl *ctl;
	cJSON *registries; /* names of those that trust --ca; NULL: all */
};

static bool contains(const cJSON *names, const char *name)
{
	const cJSON *one;

	cJSON_ArrayForEach (one, names)
		if (strcmp(one->valuestring, name) == 0)
			return true;
	return false;
}

static bool in_registries(const cJSON *names, const char *text)
{
	char name[ZTP_REGISTRY_MAX + 1];
	struct ztp_path path;

	if (ztp_path_parse(&path, text, strlen(text), NULL) != 0)
		return false;
	snprintf(name, sizeof(name), "%.*s/%.*s", (int)path.subscription.n,
		 path.subscription.p, (int)path.registry.n, path.registry.p);
	return contains(names, name);
}

static bool is_selected(const cJSON *device, void *arg)
{
	const struct selection *s = arg;
	const char *at = ztp_tree_text(device, ZTP_M_CREATED_AT);
	int64_t created;

	if (s->ctl->state &&
	    strcmp(ztp_tree_text(device, ZTP_M_STATE), s->ctl->state) != 0)
		return false;
	if (s->ctl->before && (!ztp_time_parse(&created, at, strlen(at)) ||
			       created >= s->ctl->before))
		return false;
	return !s->registries ||
	       in_registries(s->registries,
			     ztp_tree_text(device, ZTP_M_DEVICE_PATH));
}

/* --- the registries of a CA */

/* All CAs that the gate lists, each with its registry; NULL: reported. */
static cJSON *all_cas(struct ztp_ctl *ctl)
{
	cJSON *registries =
		ztp_ctl_list(ctl, ZTP_CMD_LIST_REGISTRIES, ZTP_M_REGISTRIES,
			     cJSON_CreateObject());
	cJSON *all = registries ? cJSON_CreateArray() : NULL;
	const cJSON *one;

	cJSON_ArrayForEach (one, registries) {
		const char *name = ztp_tree_text(one, ZTP_M_REGISTRY);
		cJSON *data = NULL, *cas, *ca;

		if (!ztp_ctl_ask(ctl, ZTP_CMD_GET_REGISTRY,
				 ztp_ctl_with(ZTP_M_REGISTRY, name), &data)) {
			cJSON_Delete(all);
			all = NULL;
			break;
		}
		cas = cJSON_GetObjectItemCaseSensitive(data, ZTP_M_CAS);
		while ((ca = cJSON_DetachItemFromArray(cas, 0)) != NULL) {
			ztp_tree_put_text(ca, ZTP_M_REGISTRY, name);
			cJSON_AddItemToArray(all, ca);
		}
		cJSON_Delete(data);
	}
	cJSON_Delete(registries);
	return all;
}

static bool find_registries(struct ztp_ctl *ctl, struct selection *s)
{
	uint8_t wanted[ZTP_SHA256_LEN], one[ZTP_SHA256_LEN];
	cJSON *cas = all_cas(ctl);
	struct ztp_error error = {0};
	const cJSON *ca;
	int rc;

	if (!cas)
		return false;
	rc = ztp_ctl_which_ca(wanted, ctl->ca, cas, &error);
	if (rc != 0)
		ztp_cli_warn("ztpctl", "--ca: %s", error.message);
	s->registries = cJSON_CreateArray();
	cJSON_ArrayForEach (ca, cas) {
		const char *text = ztp_tree_text(ca, ZTP_M_FINGERPRINT);

		if (rc == 0 && ztp_fingerprint_parse(one, text, strlen(text)) &&
		    memcmp(one, wanted, ZTP_SHA256_LEN) == 0)
			cJSON_AddItemToArray(s->registries,
					     cJSON_CreateString(ztp_tree_text(
						     ca, ZTP_M_REGISTRY)));
	}
	cJSON_Delete(cas);
	return rc == 0;
}

int ztp_ctl_device_list(struct ztp_ctl *ctl)
{
	static const char *const names[] = {ZTP_M_DEVICE_PATH, ZTP_M_STATE,
					    ZTP_M_LIVE, ZTP_M_CREATED_AT, NULL};
	struct selection s = {.ctl = ctl};
	int status = ZTP_EXIT_FAILED;
	cJSON *all = NULL;

	if (!ctl->ca || find_registries(ctl, &s)) {
		all = ztp_ctl_list_some(
			ctl, ZTP_CMD_LIST_DEVICES, ZTP_M_DEVICES,
			ztp_ctl_with(ZTP_M_REGISTRY, ctl->arguments[0]),
			is_selected, &s);
		status = ztp_ctl_print_list(ctl, all, names);
	}
	cJSON_Delete(all);
	cJSON_Delete(s.registries);
	return status;
}
