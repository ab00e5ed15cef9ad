/* The commands ztpctl device, pending list and audit tail. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_tree.h"
#include "tools/common/cli.h"
#include "tools/ztpctl/ztpctl.h"

#define AUDIT	   "ztp/v1/audit"
#define RECORD_MAX (64 * 1024)
#define POLL_MS	   200

static cJSON *with_device(const struct ztp_ctl *ctl)
{
	return ztp_ctl_with("device_path", ctl->arguments[0]);
}

static int list(struct ztp_ctl *ctl, const char *command, const char *member,
		const char *const *names)
{
	cJSON *all = ztp_ctl_list(ctl, command, member,
				  ztp_ctl_with("registry", ctl->arguments[0]));
	int status = ztp_ctl_print_list(ctl, all, names);

	cJSON_Delete(all);
	return status;
}

int ztp_ctl_device_list(struct ztp_ctl *ctl)
{
	static const char *const names[] = {"device_path", "state", "live",
					    "created_at", NULL};

	return list(ctl, "listDevices", "devices", names);
}

int ztp_ctl_pending_list(struct ztp_ctl *ctl)
{
	static const char *const names[] = {
		"device_path", "request_id", "received_at", "remote_addr",
		"acked",       "live",	     NULL};

	return list(ctl, "listPending", "pending", names);
}

int ztp_ctl_device_show(struct ztp_ctl *ctl)
{
	static const char *const names[] = {
		"device_path", "state",	     "live",	   "subscribed",
		"onboarding",  "created_at", "request_id", "fingerprint_sha256",
		"spki_sha256", NULL};
	cJSON *data = NULL;

	if (!ztp_ctl_ask(ctl, "getDevice", with_device(ctl), &data))
		return ZTP_EXIT_FAILED;
	if (ctl->json)
		ztp_ctl_print_json(data);
	else
		ztp_ctl_print_members(data, names, 18);
	cJSON_Delete(data);
	return ZTP_EXIT_OK;
}

int ztp_ctl_device_delete(struct ztp_ctl *ctl)
{
	return ztp_ctl_change(ctl, "deleteDevice", with_device(ctl), "deleted");
}

int ztp_ctl_device_block(struct ztp_ctl *ctl)
{
	return ztp_ctl_change(ctl, "blockDevice", with_device(ctl), "blocked");
}

int ztp_ctl_device_unblock(struct ztp_ctl *ctl)
{
	return ztp_ctl_change(ctl, "unblockDevice", with_device(ctl),
			      "unblocked");
}

static void print_record(const struct ztp_ctl *ctl, const char *text)
{
	static const char *const names[] = {
		"at", "verdict", "code", "remote_addr", "device_path", NULL};
	cJSON *record = NULL;

	if (ctl->json ||
	    ztp_tree_parse(&record, text, strlen(text), RECORD_MAX, NULL))
		puts(text);
	else
		ztp_ctl_print_line(record, names);
	(void)fflush(stdout);
	cJSON_Delete(record);
}

int ztp_ctl_audit_tail(struct ztp_ctl *ctl)
{
	struct ztp_error error = {0};
	int64_t seen = 0;

	if (ztp_client_listen(ctl->client, AUDIT, &error) != 0) {
		ztp_cli_warn("ztpctl", "%s", error.message);
		return ZTP_EXIT_FAILED;
	}
	while (!ztp_cli_stopped()) {
		char *text = NULL;
		int rc = ztp_client_next(ctl->client, AUDIT, POLL_MS, &text,
					 &error);

		if (rc < 0) {
			ztp_cli_warn("ztpctl", "%s", error.message);
			return ZTP_EXIT_FAILED;
		}
		if (rc == 0)
			continue;
		print_record(ctl, text);
		free(text);
		if (++seen == ctl->count)
			break;
	}
	return ZTP_EXIT_OK;
}
