/* The commands ztpctl device, pending list and audit tail. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_tree.h"
#include "tools/common/cli.h"
#include "tools/ztpctl/ztpctl.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"

#define POLL_MS 200

static cJSON *with_device(const struct ztp_ctl *ctl)
{
	return ztp_ctl_with(ZTP_M_DEVICE_PATH, ctl->arguments[0]);
}

static int list(struct ztp_ctl *ctl, const char *command, const char *member,
		const char *const *names)
{
	cJSON *all =
		ztp_ctl_list(ctl, command, member,
			     ztp_ctl_with(ZTP_M_REGISTRY, ctl->arguments[0]));
	int status = ztp_ctl_print_list(ctl, all, names);

	cJSON_Delete(all);
	return status;
}

int ztp_ctl_device_list(struct ztp_ctl *ctl)
{
	static const char *const names[] = {ZTP_M_DEVICE_PATH, ZTP_M_STATE,
					    ZTP_M_LIVE, ZTP_M_CREATED_AT, NULL};

	return list(ctl, ZTP_CMD_LIST_DEVICES, "devices", names);
}

int ztp_ctl_pending_list(struct ztp_ctl *ctl)
{
	static const char *const names[] = {ZTP_M_DEVICE_PATH,
					    ZTP_M_REQUEST_ID,
					    ZTP_M_RECEIVED_AT,
					    ZTP_M_REMOTE_ADDR,
					    ZTP_M_ACKED,
					    ZTP_M_LIVE,
					    NULL};

	return list(ctl, ZTP_CMD_LIST_PENDING, "pending", names);
}

int ztp_ctl_device_show(struct ztp_ctl *ctl)
{
	static const char *const names[] = {
		ZTP_M_DEVICE_PATH, ZTP_M_STATE,
		ZTP_M_LIVE,	   ZTP_M_SUBSCRIBED,
		ZTP_M_ONBOARDING,  ZTP_M_CREATED_AT,
		ZTP_M_REQUEST_ID,  ZTP_M_FINGERPRINT,
		ZTP_M_SPKI,	   NULL};
	cJSON *data = NULL;

	if (!ztp_ctl_ask(ctl, ZTP_CMD_GET_DEVICE, with_device(ctl), &data))
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
	return ztp_ctl_change(ctl, ZTP_CMD_DELETE_DEVICE, with_device(ctl),
			      "deleted");
}

int ztp_ctl_device_block(struct ztp_ctl *ctl)
{
	return ztp_ctl_change(ctl, ZTP_CMD_BLOCK_DEVICE, with_device(ctl),
			      "blocked");
}

int ztp_ctl_device_unblock(struct ztp_ctl *ctl)
{
	return ztp_ctl_change(ctl, ZTP_CMD_UNBLOCK_DEVICE, with_device(ctl),
			      "unblocked");
}

int ztp_ctl_device_resend(struct ztp_ctl *ctl)
{
	return ztp_ctl_change(ctl, ZTP_CMD_RESEND_DEVICE, with_device(ctl),
			      "to be sent again:");
}

static void print_record(const struct ztp_ctl *ctl, const char *text)
{
	static const char *const names[] = {
		ZTP_M_AT,	   ZTP_M_VERDICT,     ZTP_M_CODE,
		ZTP_M_REMOTE_ADDR, ZTP_M_DEVICE_PATH, NULL};
	cJSON *record = NULL;

	if (ctl->json ||
	    ztp_tree_parse(&record, text, strlen(text), ZTP_AUDIT_MAX, NULL))
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

	if (ztp_client_listen(ctl->client, ZTP_MQTT_AUDIT, &error) != 0) {
		ztp_cli_warn("ztpctl", "%s", error.message);
		return ZTP_EXIT_FAILED;
	}
	while (!ztp_cli_stopped()) {
		char *text = NULL;
		int rc = ztp_client_next(ctl->client, ZTP_MQTT_AUDIT, POLL_MS,
					 &text, &error);

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
