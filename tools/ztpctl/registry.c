/* The commands ztpctl registry. */
#include <stdio.h>

#include "tools/common/cli.h"
#include "tools/ztpctl/ztpctl.h"
#include "ztp/gate.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"

static const char *const ca_names[] = {ZTP_M_FINGERPRINT, ZTP_M_NOT_AFTER,
				       ZTP_M_SUBJECT, NULL};

static void print_registry(const cJSON *data)
{
	static const char *const names[] = {ZTP_M_REGISTRY,
					    ZTP_M_ONBOARDING,
					    ZTP_M_AUDIENCE,
					    ZTP_M_CREATED_AT,
					    ZTP_M_DEVICES,
					    ZTP_M_PENDING,
					    NULL};
	const cJSON *cas = cJSON_GetObjectItemCaseSensitive(data, ZTP_M_CAS);

	ztp_ctl_print_members(data, names, 11);
	printf("cas\n");
	if (cas)
		ztp_ctl_print_table(cas, ca_names);
}

static int show(struct ztp_ctl *ctl, const char *command, cJSON *in)
{
	cJSON *data = NULL;

	if (!ztp_ctl_ask(ctl, command, in, &data))
		return ZTP_EXIT_FAILED;
	if (ctl->json)
		ztp_ctl_print_json(data);
	else
		print_registry(data);
	cJSON_Delete(data);
	return ZTP_EXIT_OK;
}

static cJSON *with_registry(const struct ztp_ctl *ctl)
{
	return ztp_ctl_with(ZTP_M_REGISTRY, ctl->arguments[0]);
}

static cJSON *settings(const struct ztp_ctl *ctl)
{
	cJSON *in = with_registry(ctl);

	if (ctl->onboarding)
		cJSON_AddStringToObject(in, ZTP_M_ONBOARDING, ctl->onboarding);
	if (ctl->audience)
		cJSON_AddStringToObject(in, ZTP_M_AUDIENCE, ctl->audience);
	return in;
}

static cJSON *with_ca(const struct ztp_ctl *ctl, const char *pem)
{
	cJSON *in = with_registry(ctl);

	cJSON_AddStringToObject(in, ZTP_M_PEM, pem);
	return in;
}

static bool is_to_be_off(const struct ztp_ctl *ctl)
{
	enum ztp_onboarding mode;

	return ctl->onboarding &&
	       ztp_onboarding_parse(&mode, ctl->onboarding) &&
	       mode == ZTP_ONBOARDING_OFF;
}

int ztp_ctl_registry_create(struct ztp_ctl *ctl)
{
	const char *name = ctl->arguments[0];

	if (!ztp_ctl_ask(ctl, ZTP_CMD_CREATE_REGISTRY, settings(ctl), NULL))
		return ZTP_EXIT_FAILED;
	for (int i = 0; i < ctl->ca_count; i++) {
		if (ztp_ctl_ask(ctl, ZTP_CMD_ADD_REGISTRY_CA,
				with_ca(ctl, ctl->pems[i]), NULL))
			continue;
		/* Create the registry with all its CAs or not at all. */
		(void)ztp_ctl_ask(ctl, ZTP_CMD_DELETE_REGISTRY,
				  with_registry(ctl), NULL);
		return ZTP_EXIT_FAILED;
	}
	if (!ctl->audience || !*ctl->audience)
		ztp_cli_warn("ztpctl",
			     "warning: %s has no audience: anybody who sees "
			     "its devices' JWTs elsewhere can replay them here",
			     name);
	if (ctl->ca_count == 0 && !is_to_be_off(ctl))
		ztp_cli_warn("ztpctl",
			     "warning: %s has no CA: no device can join before "
			     "\"ztpctl registry ca add\"",
			     name);
	return show(ctl, ZTP_CMD_GET_REGISTRY, with_registry(ctl));
}

int ztp_ctl_registry_list(struct ztp_ctl *ctl)
{
	static const char *const names[] = {ZTP_M_REGISTRY, ZTP_M_ONBOARDING,
					    ZTP_M_DEVICES,  ZTP_M_PENDING,
					    ZTP_M_AUDIENCE, NULL};
	cJSON *all = ztp_ctl_list(ctl, ZTP_CMD_LIST_REGISTRIES,
				  ZTP_M_REGISTRIES, cJSON_CreateObject());
	int status = ztp_ctl_print_list(ctl, all, names);

	cJSON_Delete(all);
	return status;
}

int ztp_ctl_registry_show(struct ztp_ctl *ctl)
{
	return show(ctl, ZTP_CMD_GET_REGISTRY, with_registry(ctl));
}

int ztp_ctl_registry_modify(struct ztp_ctl *ctl)
{
	return show(ctl, ZTP_CMD_MODIFY_REGISTRY, settings(ctl));
}

int ztp_ctl_ca_add(struct ztp_ctl *ctl)
{
	return ztp_ctl_change(ctl, ZTP_CMD_ADD_REGISTRY_CA,
			      with_ca(ctl, ctl->pems[0]), "CA added to");
}

int ztp_ctl_ca_list(struct ztp_ctl *ctl)
{
	cJSON *data = NULL;
	int status;

	if (!ztp_ctl_ask(ctl, ZTP_CMD_GET_REGISTRY, with_registry(ctl), &data))
		return ZTP_EXIT_FAILED;
	status = ztp_ctl_print_list(
		ctl, cJSON_GetObjectItemCaseSensitive(data, ZTP_M_CAS),
		ca_names);
	cJSON_Delete(data);
	return status;
}
