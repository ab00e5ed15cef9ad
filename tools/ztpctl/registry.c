/* The commands ztpctl registry. */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "tools/common/cli.h"
#include "tools/ztpctl/ztpctl.h"

#define CA_FILE_MAX (64 * 1024)

static const char *const ca_names[] = {"fingerprint_sha256", "not_after",
				       "subject", NULL};

static void print_registry(const cJSON *data)
{
	static const char *const names[] = {
		"registry", "onboarding", "audience", "created_at",
		"devices",  "pending",	  NULL};
	const cJSON *cas = cJSON_GetObjectItemCaseSensitive(data, "cas");
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
	return ztp_ctl_with("registry", ctl->arguments[0]);
}

static cJSON *settings(const struct ztp_ctl *ctl)
{
	cJSON *in = with_registry(ctl);

	if (ctl->onboarding)
		cJSON_AddStringToObject(in, "onboarding", ctl->onboarding);
	if (ctl->audience)
		cJSON_AddStringToObject(in, "audience", ctl->audience);
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

	cJSON_AddStringToObject(in, "pem", pem);
	return in;
}

int ztp_ctl_registry_create(struct ztp_ctl *ctl)
{
	const char *name = ctl->arguments[0];
	char *pems[ZTP_CTL_CAS_MAX] = {0};
	int status = ZTP_EXIT_FAILED;

	if (!read_cas(ctl, pems) ||
	    !ztp_ctl_ask(ctl, "createRegistry", settings(ctl), NULL))
		goto out;
	for (int i = 0; i < ctl->ca_count; i++) {
		if (ztp_ctl_ask(ctl, "addRegistryCa", with_ca(ctl, pems[i]),
				NULL))
			continue;
		/* Create the registry with all its CAs or not at all. */
		(void)ztp_ctl_ask(ctl, "deleteRegistry", with_registry(ctl),
				  NULL);
		goto out;
	}
	if (!ctl->audience || !*ctl->audience)
		ztp_cli_warn("ztpctl",
			     "warning: %s has no audience: anybody who sees "
			     "its devices' JWTs elsewhere can replay them here",
			     name);
	status = show(ctl, "getRegistry", with_registry(ctl));
out:
	for (int i = 0; i < ctl->ca_count; i++)
		free(pems[i]);
	return status;
}

int ztp_ctl_registry_list(struct ztp_ctl *ctl)
{
	static const char *const names[] = {"registry", "onboarding", "devices",
					    "pending",	"audience",   NULL};
	cJSON *all = ztp_ctl_list(ctl, "listRegistries", "registries",
				  cJSON_CreateObject());
	int status = ztp_ctl_print_list(ctl, all, names);

	cJSON_Delete(all);
	return status;
}

int ztp_ctl_registry_show(struct ztp_ctl *ctl)
{
	return show(ctl, "getRegistry", with_registry(ctl));
}

int ztp_ctl_registry_modify(struct ztp_ctl *ctl)
{
	return show(ctl, "modifyRegistry", settings(ctl));
}

int ztp_ctl_registry_delete(struct ztp_ctl *ctl)
{
	return ztp_ctl_change(ctl, "deleteRegistry", with_registry(ctl),
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
	status = ztp_ctl_change(ctl, "addRegistryCa", with_ca(ctl, pem),
				"CA added to");
	free(pem);
	return status;
}

int ztp_ctl_ca_list(struct ztp_ctl *ctl)
{
	cJSON *data = NULL;
	int status;

	if (!ztp_ctl_ask(ctl, "getRegistry", with_registry(ctl), &data))
		return ZTP_EXIT_FAILED;
	status = ztp_ctl_print_list(
		ctl, cJSON_GetObjectItemCaseSensitive(data, "cas"), ca_names);
	cJSON_Delete(data);
	return status;
}

int ztp_ctl_ca_remove(struct ztp_ctl *ctl)
{
	cJSON *in = with_registry(ctl);

	cJSON_AddStringToObject(in, "fingerprint_sha256", ctl->arguments[1]);
	return ztp_ctl_change(ctl, "removeRegistryCa", in, "CA removed from");
}
