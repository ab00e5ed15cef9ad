/*
 * `ztpctl registry import`: makes a registry again. The file is checked whole
 * before anything is sent. The registry is created without CAs, then come its
 * devices, and the CAs last: as long as a device is missing, no
 * stranger can take its path, and a device that has its key here connects
 * already. An import that was interrupted is run again, and does what is left.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_tree.h"
#include "tools/common/cli.h"
#include "tools/ztpctl/export.h"
#include "tools/ztpctl/ztpctl.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"

#define BATCH_COUNT 200
#define BATCH_BYTES (96 * 1024) /* the broker's max_packet_size is 128 KiB */
#define DEVICE_SIZE 2048	/* of one without metadata, at most */
#define CA_SIZE	    256		/* of its command, besides the certificate */
#define PEM_LINE    64

struct import {
	struct ztp_ctl *ctl;
	struct ztp_export file;
	const char *name;
	bool created;
	int cas, cas_there; /* added, and there before */
	int64_t devices, same, failed;
	int64_t missing; /* of those that failed: nothing has their path */
};

static const cJSON *cas_of(const cJSON *registry)
{
	return cJSON_GetObjectItemCaseSensitive(registry, ZTP_M_CAS);
}

/* --- the registry */

static bool has_ca(const cJSON *cas, const char *fingerprint)
{
	const cJSON *ca;

	cJSON_ArrayForEach (ca, cas)
		if (strcmp(ztp_tree_text(ca, ZTP_M_FINGERPRINT), fingerprint) ==
		    0)
			return true;
	return false;
}

/* Does the registry have the first CAs of the file, and no others? */
static bool has_first(const cJSON *here, const cJSON *wanted)
{
	int count = cJSON_GetArraySize(here);

	if (count > cJSON_GetArraySize(wanted))
		return false;
	for (int n = 0; n < count; n++)
		if (!has_ca(here, ztp_tree_text(cJSON_GetArrayItem(wanted, n),
						ZTP_M_FINGERPRINT)))
			return false;
	return true;
}

/* An import that was interrupted has left a registry without CAs, or with the
 * first ones: they are added in the order of the file. */
static bool compare(struct import *i, const cJSON *here)
{
	static const char *const names[] = {ZTP_M_ONBOARDING, ZTP_M_AUDIENCE};
	const cJSON *wanted = i->file.registry;
	bool same = true;

	for (size_t n = 0; n < sizeof(names) / sizeof(*names); n++) {
		const char *a = ztp_tree_text(here, names[n]);
		const char *b = ztp_tree_text(wanted, names[n]);

		if (strcmp(a, b) == 0)
			continue;
		ztp_cli_warn("ztpctl",
			     "%s exists, and its %s is \"%.100s\" instead of "
			     "\"%.100s\"",
			     i->name, names[n], a, b);
		same = false;
	}
	i->cas_there = cJSON_GetArraySize(cas_of(here));
	if (!has_first(cas_of(here), cas_of(wanted))) {
		ztp_cli_warn("ztpctl", "%s exists, and has other CAs", i->name);
		same = false;
	}
	if (!same)
		ztp_cli_warn("ztpctl", "nothing was imported");
	return same;
}

static bool create(struct import *i)
{
	cJSON *in = ztp_ctl_with(ZTP_M_REGISTRY, i->name);
	const char *audience = ztp_tree_text(i->file.registry, ZTP_M_AUDIENCE);

	ztp_tree_put_text(in, ZTP_M_ONBOARDING,
			  ztp_tree_text(i->file.registry, ZTP_M_ONBOARDING));
	if (*audience)
		ztp_tree_put_text(in, ZTP_M_AUDIENCE, audience);
	i->created = true;
	return ztp_ctl_ask(i->ctl, ZTP_CMD_CREATE_REGISTRY, in, NULL);
}

/* Finds the registry as the file has it, or creates it. */
static bool prepare(struct import *i)
{
	struct ztp_error error = {0};
	cJSON *response = NULL;
	const cJSON *here;
	bool ok;

	if (ztp_client_ask(i->ctl->client, ZTP_CMD_GET_REGISTRY,
			   ztp_ctl_with(ZTP_M_REGISTRY, i->name), &response,
			   &error) != 0) {
		ztp_cli_warn("ztpctl", "%s", error.message);
		return false;
	}
	here = cJSON_GetObjectItemCaseSensitive(response, ZTP_M_DATA);
	if (here) {
		ok = compare(i, here);
	} else if (strcmp(ztp_tree_text(response, ZTP_M_CODE),
			  ZTP_CODE_NOT_FOUND) == 0) {
		ok = create(i);
	} else {
		ztp_cli_warn("ztpctl", "%s: %s",
			     ztp_tree_text(response, ZTP_M_CODE),
			     ztp_tree_text(response, ZTP_M_ERROR));
		ok = false;
	}
	cJSON_Delete(response);
	return ok;
}

/* --- many commands at once */

/* Returns the answers in the order of the commands; NULL: there are none, which
 * is reported. */
static cJSON *send_all(struct import *i, cJSON *commands)
{
	struct ztp_error error = {0};
	cJSON *responses = NULL;

	if (ztp_client_ask_all(i->ctl->client, commands, &responses, &error) !=
	    0)
		ztp_cli_warn("ztpctl", "%s", error.message);
	return responses;
}

static void report(const cJSON *response, const char *what)
{
	ztp_cli_warn("ztpctl", "%s: %s: %s", what,
		     ztp_tree_text(response, ZTP_M_CODE),
		     ztp_tree_text(response, ZTP_M_ERROR));
}

/* --- the devices */

static void count(struct import *i, const cJSON *response, const cJSON *device)
{
	const cJSON *data =
		cJSON_GetObjectItemCaseSensitive(response, ZTP_M_DATA);

	if (!data) {
		i->failed++;
		i->missing += strcmp(ztp_tree_text(response, ZTP_M_CODE),
				     ZTP_CODE_ALREADY_EXISTS) != 0;
		report(response, ztp_tree_text(device, ZTP_M_DEVICE_PATH));
	} else if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(
			   data, ZTP_M_CREATED))) {
		i->devices++;
	} else {
		i->same++;
	}
}

/* Sends the devices from `first` on that fit one message. Returns the first of
 * the next; *ok: there was an answer. */
static const cJSON *send_batch(struct import *i, const cJSON *first, bool *ok)
{
	cJSON *commands = cJSON_CreateArray(), *responses;
	const cJSON *one = first, *response;
	size_t bytes = 0;

	for (int n = 0; one && n < BATCH_COUNT && bytes < BATCH_BYTES; n++) {
		cJSON *command = cJSON_Duplicate(one, true);
		char *metadata = cJSON_PrintUnformatted(
			cJSON_GetObjectItemCaseSensitive(one, ZTP_M_METADATA));

		bytes += DEVICE_SIZE + (metadata ? strlen(metadata) : 0);
		cJSON_free(metadata);
		ztp_tree_put_text(command, ZTP_M_COMMAND,
				  ZTP_CMD_IMPORT_DEVICE);
		cJSON_AddItemToArray(commands, command);
		one = one->next;
	}
	responses = send_all(i, commands);
	*ok = responses != NULL;
	cJSON_ArrayForEach (response, responses) {
		if (!first)
			break;
		count(i, response, first);
		first = first->next;
	}
	cJSON_Delete(responses);
	return one;
}

static bool import_devices(struct import *i)
{
	const cJSON *one = i->file.devices->child;
	bool ok = true;

	while (ok && one)
		one = send_batch(i, one, &ok);
	return ok;
}

/* --- the CAs */

static char *pem_of(const char *base64)
{
	size_t n = strlen(base64);
	char *pem = NULL;
	size_t size;
	FILE *out = open_memstream(&pem, &size);

	if (!out)
		return NULL;
	fputs("-----BEGIN CERTIFICATE-----\n", out);
	for (size_t at = 0; at < n; at += PEM_LINE)
		fprintf(out, "%.*s\n", PEM_LINE, base64 + at);
	fputs("-----END CERTIFICATE-----\n", out);
	if (fclose(out) == 0)
		return pem;
	free(pem);
	return NULL;
}

static cJSON *add_ca_command(const struct import *i, const cJSON *ca,
			     size_t *bytes)
{
	cJSON *in = ztp_ctl_with(ZTP_M_REGISTRY, i->name);
	char *pem = pem_of(ztp_tree_text(ca, ZTP_M_CERTIFICATE));

	*bytes += CA_SIZE + (pem ? strlen(pem) : 0);
	ztp_tree_put_text(in, ZTP_M_COMMAND, ZTP_CMD_ADD_REGISTRY_CA);
	ztp_tree_put_text(in, ZTP_M_PEM, pem);
	free(pem);
	return in;
}

/* Sends the CAs from `first` on that fit one message, which are some 40. Returns
 * the first of the next; *ok: all were added. */
static const cJSON *send_cas(struct import *i, const cJSON *first, bool *ok)
{
	cJSON *commands = cJSON_CreateArray(), *responses;
	const cJSON *one = first, *response;
	size_t bytes = 0;

	for (; one && bytes < BATCH_BYTES; one = one->next)
		cJSON_AddItemToArray(commands, add_ca_command(i, one, &bytes));
	responses = send_all(i, commands);
	*ok = responses != NULL;
	cJSON_ArrayForEach (response, responses) {
		if (!first)
			break;
		if (strcmp(ztp_tree_text(response, ZTP_M_CODE), ZTP_CODE_OK) !=
		    0) {
			report(response,
			       ztp_tree_text(first, ZTP_M_FINGERPRINT));
			*ok = false;
		} else {
			i->cas++;
		}
		first = first->next;
	}
	cJSON_Delete(responses);
	return one;
}

/* As long as a device is missing, who comes with its path is a stranger. */
static bool import_cas(struct import *i)
{
	const cJSON *one =
		cJSON_GetArrayItem(cas_of(i->file.registry), i->cas_there);
	bool ok = true;

	if (i->missing > 0 && one) {
		ztp_cli_warn(
			"ztpctl",
			"no CA was added, as %lld %s missing: a stranger "
			"could take a path of theirs; run it again, or add "
			"the CAs with registry ca add",
			(long long)i->missing,
			i->missing == 1 ? "device is" : "devices are");
		return true;
	}
	while (ok && one)
		one = send_cas(i, one, &ok);
	return ok;
}

/* --- */

static void print_result(const struct import *i)
{
	if (i->ctl->json)
		printf("{\"" ZTP_M_REGISTRY "\":\"%s\",\"" ZTP_M_CREATED
		       "\":%s,\"cas_added\":%d,\"devices_created\":%lld,"
		       "\"devices_same\":%lld,\"devices_refused\":%lld}\n",
		       i->name, i->created ? "true" : "false", i->cas,
		       (long long)i->devices, (long long)i->same,
		       (long long)i->failed);
	else
		printf("%s: registry %s; CAs: %d added; devices: %lld created, "
		       "%lld there already, %lld refused\n",
		       i->name, i->created ? "created" : "there already",
		       i->cas, (long long)i->devices, (long long)i->same,
		       (long long)i->failed);
}

/* Of a message without an answer some may be there as well. */
static void print_rest(const struct import *i)
{
	ztp_cli_warn("ztpctl",
		     "the import is not complete: %lld of %d devices and %d of "
		     "%d CAs are known to be there; run it again, and it does "
		     "what is left",
		     (long long)(i->devices + i->same),
		     cJSON_GetArraySize(i->file.devices), i->cas_there + i->cas,
		     cJSON_GetArraySize(cas_of(i->file.registry)));
}

int ztp_ctl_registry_import(struct ztp_ctl *ctl)
{
	struct import i = {.ctl = ctl};
	struct ztp_error error = {0};
	int status = ZTP_EXIT_FAILED;

	if (ztp_export_read(&i.file, ctl->arguments[0], &error) != 0) {
		ztp_cli_warn("ztpctl", "%s", error.message);
		status = ZTP_EXIT_USAGE;
		goto out;
	}
	if (ztp_client_open(&ctl->client, &ctl->broker, &error) != 0) {
		ztp_cli_warn("ztpctl", "%s", error.message);
		goto out;
	}
	i.name = ztp_tree_text(i.file.registry, ZTP_M_REGISTRY);
	if (!prepare(&i))
		goto out;
	if (!import_devices(&i) || !import_cas(&i)) {
		print_rest(&i);
		goto out;
	}
	print_result(&i);
	status = i.failed ? ZTP_EXIT_FAILED : ZTP_EXIT_OK;
out:
	ztp_export_clear(&i.file);
	return status;
}
