/* Commands that end candidates, and say how many. The gate answers when all have
 * ended, a page after the other. */
#include <stdio.h>
#include <string.h>

#include "base/json_tree.h"
#include "tools/common/cli.h"
#include "tools/ztpctl/fingerprint.h"
#include "tools/ztpctl/ztpctl.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"

#define END_ONE_MS 1 /* several times what it takes a gate */

static void print_count(const cJSON *data, const char *member,
			const char *before, const char *what)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(data, member);

	if (cJSON_IsNumber(item)) /* older gates do not count */
		printf("%s%.0f %s%s", before, item->valuedouble, what,
		       item->valuedouble == 1 ? "" : "s");
}

int ztp_ctl_end(struct ztp_ctl *ctl, const char *command, cJSON *in,
		const char *what)
{
	cJSON *data = NULL;

	if (!ztp_ctl_ask(ctl, command, in, &data))
		return ZTP_EXIT_FAILED;
	if (ctl->json) {
		ztp_ctl_print_json(data);
	} else {
		printf("%s %s", what, ctl->arguments[0]);
		print_count(data, ZTP_M_ENDED, "; ended: ", "candidate");
		print_count(data, ZTP_M_SESSIONS, ", ", "held session");
		putchar('\n');
	}
	cJSON_Delete(data);
	return ZTP_EXIT_OK;
}

/* An id never contains a '/'. */
int ztp_ctl_pending_reject(struct ztp_ctl *ctl)
{
	bool is_path = strchr(ctl->arguments[0], '/') != NULL;
	cJSON *in = ztp_ctl_with(is_path ? ZTP_M_DEVICE_PATH : ZTP_M_REQUEST_ID,
				 ctl->arguments[0]);

	if (ctl->retry_after >= 0)
		cJSON_AddNumberToObject(in, ZTP_M_RETRY_AFTER,
					(double)ctl->retry_after);
	return ztp_ctl_end(ctl, ZTP_CMD_REJECT_PENDING, in, "rejected");
}

/* --- what ends them by the way: it is said first, and wants --yes */

/* -1: an older gate does not count. */
static double number_of(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNumber(item) ? item->valuedouble : -1;
}

/* data: the registry's. */
static void be_patient(struct ztp_ctl *ctl, const cJSON *data)
{
	double pending = number_of(data, ZTP_M_PENDING);

	if (pending > 0)
		ztp_client_be_patient(ctl->client,
				      (int64_t)pending * END_ONE_MS);
}

static int want_yes(double ends, const char *what)
{
	if (ends < 0)
		ztp_cli_warn("ztpctl",
			     "%s ends its candidates, and this gate does not "
			     "tell how many; nothing was done: say --yes",
			     what);
	else
		ztp_cli_warn("ztpctl",
			     "%s ends %.0f candidate%s; nothing was done: say "
			     "--yes",
			     what, ends, ends == 1 ? "" : "s");
	return ZTP_EXIT_FAILED;
}

int ztp_ctl_registry_delete(struct ztp_ctl *ctl)
{
	const char *name = ctl->arguments[0];
	cJSON *data = NULL;
	char what[300];
	double ends;

	if (!ztp_ctl_ask(ctl, ZTP_CMD_GET_REGISTRY,
			 ztp_ctl_with(ZTP_M_REGISTRY, name), &data))
		return ZTP_EXIT_FAILED;
	ends = number_of(data, ZTP_M_PENDING);
	be_patient(ctl, data);
	cJSON_Delete(data);
	snprintf(what, sizeof(what), "deleting %.200s", name);
	if (ends != 0 && !ctl->yes)
		return want_yes(ends, what);
	return ztp_ctl_end(ctl, ZTP_CMD_DELETE_REGISTRY,
			   ztp_ctl_with(ZTP_M_REGISTRY, name), "deleted");
}

/* The CA of the list that has this fingerprint, or NULL. */
static const cJSON *ca_of(const cJSON *cas,
			  const uint8_t fingerprint[ZTP_SHA256_LEN])
{
	uint8_t one[ZTP_SHA256_LEN];
	const cJSON *ca;

	cJSON_ArrayForEach (ca, cas) {
		const char *text = ztp_tree_text(ca, ZTP_M_FINGERPRINT);

		if (ztp_fingerprint_parse(one, text, strlen(text)) &&
		    memcmp(one, fingerprint, ZTP_SHA256_LEN) == 0)
			return ca;
	}
	return NULL;
}

static bool is_of_ca(const cJSON *pending, void *arg)
{
	const char *ca = ztp_tree_text(pending, ZTP_M_CA);

	return !*ca || strcmp(ca, arg) == 0;
}

/* How many candidates have it; -1: an older gate does not say of which CA they
 * are; -2: reported. */
static double count_of_ca(struct ztp_ctl *ctl, const char *ca)
{
	char wanted[2 * ZTP_SHA256_LEN + 1];
	cJSON *found;
	double count;

	snprintf(wanted, sizeof(wanted), "%s", ca);
	found = ztp_ctl_list_some(
		ctl, ZTP_CMD_LIST_PENDING, ZTP_M_PENDING,
		ztp_ctl_with(ZTP_M_REGISTRY, ctl->arguments[0]), is_of_ca,
		wanted);
	if (!found)
		return -2;
	count = cJSON_GetArraySize(found);
	if (found->child && !*ztp_tree_text(found->child, ZTP_M_CA))
		count = -1;
	cJSON_Delete(found);
	return count;
}

/* 0: there is nothing to ask. Else the exit status. */
static int ask_remove(struct ztp_ctl *ctl, const cJSON *ca)
{
	double ends = count_of_ca(ctl, ztp_tree_text(ca, ZTP_M_FINGERPRINT));
	char what[400];

	if (ends == -2)
		return ZTP_EXIT_FAILED;
	if (ends == 0)
		return 0;
	snprintf(what, sizeof(what), "removing %.100s (%.16s...) from %.200s",
		 ztp_tree_text(ca, ZTP_M_SUBJECT),
		 ztp_tree_text(ca, ZTP_M_FINGERPRINT), ctl->arguments[0]);
	return want_yes(ends, what);
}

int ztp_ctl_ca_remove(struct ztp_ctl *ctl)
{
	uint8_t fingerprint[ZTP_SHA256_LEN];
	struct ztp_error error = {0};
	int status = ZTP_EXIT_FAILED;
	cJSON *data = NULL, *in;
	const cJSON *cas, *ca;

	in = ztp_ctl_with(ZTP_M_REGISTRY, ctl->arguments[0]);
	if (!ztp_ctl_ask(ctl, ZTP_CMD_GET_REGISTRY, cJSON_Duplicate(in, true),
			 &data))
		goto out;
	cas = cJSON_GetObjectItemCaseSensitive(data, ZTP_M_CAS);
	if (ztp_ctl_which_ca(fingerprint, ctl->arguments[1], cas, &error)) {
		ztp_cli_warn("ztpctl", "%s", error.message);
		goto out;
	}
	ca = ca_of(cas, fingerprint);
	if (ca && !ctl->yes) {
		status = ask_remove(ctl, ca);
		if (status != 0)
			goto out;
	}
	be_patient(ctl, data);
	ztp_tree_put_sha256(in, ZTP_M_FINGERPRINT, fingerprint);
	status = ztp_ctl_end(ctl, ZTP_CMD_REMOVE_REGISTRY_CA, in,
			     "CA removed from");
	in = NULL;
out:
	cJSON_Delete(in);
	cJSON_Delete(data);
	return status;
}
