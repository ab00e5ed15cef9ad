/* The commands ztpctl registry. */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "tools/common/cli.h"
#include "tools/ztpctl/ztpctl.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"

#define CA_FILE_MAX (64 * 1024)

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
	const cJSON *ca;

	ztp_ctl_print_members(data, names, 11);
	printf("cas\n");
	for (ca = cas ? cas->child : NULL; ca; ca = ca->next)
		ztp_ctl_print_line(ca, ca_names);
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

/* All files are read before the gate is asked, so nothing changes if one cannot
 * be read. */
static bool read_cas(const struct ztp_ctl *ctl, char *pems[ZTP_CTL_CAS_MAX])
{
	struct ztp_error error = {0};
	size_t len;

	for (int i = 0; i < ctl->ca_count; i++) {
		if (ztp_file_read(&pems[i], &len, ctl->ca_files[i], CA_FILE_MAX,
				  &error) != 0) {
			ztp_cli_warn("ztpctl", "%s", error.message);
			return false;
		}
	}
	return true;
}

static cJSON *with_ca(const struct ztp_ctl *ctl, const char *pem)
{
	cJSON *in = with_registry(ctl);

	cJSON_AddStringToObject(in, ZTP_M_PEM, pem);
	return in;
}

int ztp_ctl_registry_create(struct ztp_ctl *ctl)
{
	const char *name = ctl->arguments[0];
	char *pems[ZTP_CTL_CAS_MAX] = {0};
	int status = ZTP_EXIT_FAILED;

	if (!read_cas(ctl, pems) ||
	    !ztp_ctl_ask(ctl, ZTP_CMD_CREATE_REGISTRY, settings(ctl), NULL))
		goto out;
	for (int i = 0; i < ctl->ca_count; i++) {
		if (ztp_ctl_ask(ctl, ZTP_CMD_ADD_REGISTRY_CA,
				with_ca(ctl, pems[i]), NULL))
			continue;
		/* Create the registry with all its CAs or not at all. */
		(void)ztp_ctl_ask(ctl, ZTP_CMD_DELETE_REGISTRY,
				  with_registry(ctl), NULL);
		goto out;
	}
	if (!ctl->audience || !*ctl->audience)
		ztp_cli_warn("ztpctl",
			     "warning: %s has no audience: anybody who sees "
			     "its devices' JWTs elsewhere can replay them here",
			     name);
	status = show(ctl, ZTP_CMD_GET_REGISTRY, with_registry(ctl));
out:
	for (int i = 0; i < ctl->ca_count; i++)
		free(pems[i]);
	return status;
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

int ztp_ctl_registry_delete(struct ztp_ctl *ctl)
{
	return ztp_ctl_end(ctl, ZTP_CMD_DELETE_REGISTRY, with_registry(ctl),
			   "deleted");
}

int ztp_ctl_ca_add(struct ztp_ctl *ctl)
{
	struct ztp_error error = {0};
	char *pem = NULL;
	size_t len;
	int status;

	if (ztp_file_read(&pem, &len, ctl->arguments[1], CA_FILE_MAX, &error) !=
	    0) {
		ztp_cli_warn("ztpctl", "%s", error.message);
		return ZTP_EXIT_FAILED;
	}
	status = ztp_ctl_change(ctl, ZTP_CMD_ADD_REGISTRY_CA, with_ca(ctl, pem),
				"CA added to");
	free(pem);
	return status;
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

int ztp_ctl_ca_remove(struct ztp_ctl *ctl)
{
	cJSON *in = with_registry(ctl);

	cJSON_AddStringToObject(in, ZTP_M_FINGERPRINT, ctl->arguments[1]);
	return ztp_ctl_end(ctl, ZTP_CMD_REMOVE_REGISTRY_CA, in,
			   "CA removed from");
}
