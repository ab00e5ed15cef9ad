/* ztpctl registry ... */
#include <stdio.h>
#include <stdlib.h>

#include "tools/common/cli.h"
#include "tools/ztpctl/ztpctl.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"

#define CA_FILE_MAX (64 * 1024)

static void print_line(const cJSON *object, const char *const *names)
{
	char scratch[32];

	for (size_t i = 0; names[i]; i++)
		printf("%s%s", i ? "  " : "",
		       ztp_ctl_text(object, names[i], scratch));
	putchar('\n');
}

static void print_cas(const cJSON *cas)
{
	static const char *const names[] = {ZTP_M_FINGERPRINT, ZTP_M_NOT_AFTER,
					    ZTP_M_SUBJECT, NULL};
	const cJSON *ca;

	for (ca = cas ? cas->child : NULL; ca; ca = ca->next)
		print_line(ca, names);
}

static void print_registry(const cJSON *data)
{
	static const char *const names[] = {ZTP_M_REGISTRY, ZTP_M_ONBOARDING,
					    ZTP_M_AUDIENCE, ZTP_M_CREATED_AT,
					    ZTP_M_DEVICES,  ZTP_M_PENDING};
	char scratch[32];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		printf("%-11s %s\n", names[i],
		       ztp_ctl_text(data, names[i], scratch));
	printf("cas\n");
	print_cas(cJSON_GetObjectItemCaseSensitive(data, ZTP_M_CAS));
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

static cJSON *settings(const struct ztp_ctl *ctl)
{
	cJSON *in = ztp_ctl_with(ZTP_M_REGISTRY, ctl->arguments[0]);

	if (ctl->onboarding)
		cJSON_AddStringToObject(in, ZTP_M_ONBOARDING, ctl->onboarding);
	if (ctl->audience)
		cJSON_AddStringToObject(in, ZTP_M_AUDIENCE, ctl->audience);
	return in;
}

/* Every file is read before anything is asked: one that cannot be read
 * changes nothing. */
static bool read_cas(const struct ztp_ctl *ctl, char *pems[ZTP_CTL_CAS_MAX])
{
	struct ztp_error error = {0};
	size_t len;

	for (int i = 0; i < ctl->ca_count; i++) {
		if (ztp_cli_read_file(&pems[i], &len, ctl->ca_files[i],
				      CA_FILE_MAX, &error) != 0) {
			ztp_cli_warn("ztpctl", "%s", error.message);
			return false;
		}
	}
	return true;
}

static bool add_ca(struct ztp_ctl *ctl, const char *pem, cJSON **data)
{
	cJSON *in = ztp_ctl_with(ZTP_M_REGISTRY, ctl->arguments[0]);

	cJSON_AddStringToObject(in, ZTP_M_PEM, pem);
	return ztp_ctl_ask(ctl, ZTP_CMD_ADD_REGISTRY_CA, in, data);
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
		if (add_ca(ctl, pems[i], NULL))
			continue;
		/* Whole or not at all. */
		(void)ztp_ctl_ask(ctl, ZTP_CMD_DELETE_REGISTRY,
				  ztp_ctl_with(ZTP_M_REGISTRY, name), NULL);
		goto out;
	}
	if (!ctl->audience || !*ctl->audience)
		ztp_cli_warn("ztpctl",
			     "warning: %s has no audience: JWTs of its devices "
			     "can be replayed from any other place that sees "
			     "them",
			     name);
	status = show(ctl, ZTP_CMD_GET_REGISTRY,
		      ztp_ctl_with(ZTP_M_REGISTRY, name));
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
	const cJSON *registry;

	if (!all)
		return ZTP_EXIT_FAILED;
	if (ctl->json)
		ztp_ctl_print_json(all);
	else
		for (registry = all ? all->child : NULL; registry;
		     registry = registry->next)
			print_line(registry, names);
	cJSON_Delete(all);
	return ZTP_EXIT_OK;
}

int ztp_ctl_registry_show(struct ztp_ctl *ctl)
{
	return show(ctl, ZTP_CMD_GET_REGISTRY,
		    ztp_ctl_with(ZTP_M_REGISTRY, ctl->arguments[0]));
}

int ztp_ctl_registry_modify(struct ztp_ctl *ctl)
{
	return show(ctl, ZTP_CMD_MODIFY_REGISTRY, settings(ctl));
}

/* Done: with --json the answer's data, else one line. */
static int done(struct ztp_ctl *ctl, cJSON *data, const char *what)
{
	if (ctl->json)
		ztp_ctl_print_json(data);
	else
		printf("%s %s\n", what, ctl->arguments[0]);
	cJSON_Delete(data);
	return ZTP_EXIT_OK;
}

int ztp_ctl_registry_delete(struct ztp_ctl *ctl)
{
	cJSON *data = NULL;

	if (!ztp_ctl_ask(ctl, ZTP_CMD_DELETE_REGISTRY,
			 ztp_ctl_with(ZTP_M_REGISTRY, ctl->arguments[0]),
			 &data))
		return ZTP_EXIT_FAILED;
	return done(ctl, data, "deleted");
}

int ztp_ctl_ca_add(struct ztp_ctl *ctl)
{
	struct ztp_error error = {0};
	cJSON *data = NULL;
	char *pem = NULL;
	size_t len;
	bool ok;

	if (ztp_cli_read_file(&pem, &len, ctl->arguments[1], CA_FILE_MAX,
			      &error) != 0) {
		ztp_cli_warn("ztpctl", "%s", error.message);
		return ZTP_EXIT_FAILED;
	}
	ok = add_ca(ctl, pem, &data);
	free(pem);
	return ok ? done(ctl, data, "CA added to") : ZTP_EXIT_FAILED;
}

int ztp_ctl_ca_list(struct ztp_ctl *ctl)
{
	const cJSON *cas;
	cJSON *data = NULL;

	if (!ztp_ctl_ask(ctl, ZTP_CMD_GET_REGISTRY,
			 ztp_ctl_with(ZTP_M_REGISTRY, ctl->arguments[0]),
			 &data))
		return ZTP_EXIT_FAILED;
	cas = cJSON_GetObjectItemCaseSensitive(data, ZTP_M_CAS);
	if (ctl->json)
		ztp_ctl_print_json(cas);
	else
		print_cas(cas);
	cJSON_Delete(data);
	return ZTP_EXIT_OK;
}

int ztp_ctl_ca_remove(struct ztp_ctl *ctl)
{
	cJSON *in = ztp_ctl_with(ZTP_M_REGISTRY, ctl->arguments[0]);
	cJSON *data = NULL;

	cJSON_AddStringToObject(in, ZTP_M_FINGERPRINT, ctl->arguments[1]);
	if (!ztp_ctl_ask(ctl, ZTP_CMD_REMOVE_REGISTRY_CA, in, &data))
		return ZTP_EXIT_FAILED;
	return done(ctl, data, "CA removed from");
}
