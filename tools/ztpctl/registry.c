/* ztpctl registry ... */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "tools/common/cli.h"
#include "tools/ztpctl/ztpctl.h"

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
	static const char *const names[] = {"fingerprint_sha256", "not_after",
					    "subject", NULL};
	const cJSON *ca;

	for (ca = cas ? cas->child : NULL; ca; ca = ca->next)
		print_line(ca, names);
}

static void print_registry(const cJSON *data)
{
	static const char *const names[] = {"registry", "onboarding",
					    "audience", "created_at",
					    "devices",	"pending"};
	char scratch[32];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		printf("%-11s %s\n", names[i],
		       ztp_ctl_text(data, names[i], scratch));
	printf("cas\n");
	print_cas(cJSON_GetObjectItemCaseSensitive(data, "cas"));
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
	cJSON *in = ztp_ctl_with("registry", ctl->arguments[0]);

	if (ctl->onboarding)
		cJSON_AddStringToObject(in, "onboarding", ctl->onboarding);
	if (ctl->audience)
		cJSON_AddStringToObject(in, "audience", ctl->audience);
	return in;
}

/* Every file is read before anything is asked: one that cannot be read
 * changes nothing. */
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

static bool add_ca(struct ztp_ctl *ctl, const char *pem, cJSON **data)
{
	cJSON *in = ztp_ctl_with("registry", ctl->arguments[0]);

	cJSON_AddStringToObject(in, "pem", pem);
	return ztp_ctl_ask(ctl, "addRegistryCa", in, data);
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
		if (add_ca(ctl, pems[i], NULL))
			continue;
		/* Whole or not at all. */
		(void)ztp_ctl_ask(ctl, "deleteRegistry",
				  ztp_ctl_with("registry", name), NULL);
		goto out;
	}
	if (!ctl->audience || !*ctl->audience)
		ztp_cli_warn("ztpctl",
			     "warning: %s has no audience: JWTs of its devices "
			     "can be replayed from any other place that sees "
			     "them",
			     name);
	status = show(ctl, "getRegistry", ztp_ctl_with("registry", name));
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
	return show(ctl, "getRegistry",
		    ztp_ctl_with("registry", ctl->arguments[0]));
}

int ztp_ctl_registry_modify(struct ztp_ctl *ctl)
{
	return show(ctl, "modifyRegistry", settings(ctl));
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

	if (!ztp_ctl_ask(ctl, "deleteRegistry",
			 ztp_ctl_with("registry", ctl->arguments[0]), &data))
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

	if (ztp_file_read(&pem, &len, ctl->arguments[1], CA_FILE_MAX, &error) !=
	    0) {
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

	if (!ztp_ctl_ask(ctl, "getRegistry",
			 ztp_ctl_with("registry", ctl->arguments[0]), &data))
		return ZTP_EXIT_FAILED;
	cas = cJSON_GetObjectItemCaseSensitive(data, "cas");
	if (ctl->json)
		ztp_ctl_print_json(cas);
	else
		print_cas(cas);
	cJSON_Delete(data);
	return ZTP_EXIT_OK;
}

int ztp_ctl_ca_remove(struct ztp_ctl *ctl)
{
	cJSON *in = ztp_ctl_with("registry", ctl->arguments[0]);
	cJSON *data = NULL;

	cJSON_AddStringToObject(in, "fingerprint_sha256", ctl->arguments[1]);
	if (!ztp_ctl_ask(ctl, "removeRegistryCa", in, &data))
		return ZTP_EXIT_FAILED;
	return done(ctl, data, "CA removed from");
}
