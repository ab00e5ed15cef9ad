/* ztpctl device ..., pending list, audit tail. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/cli.h"
#include "tools/ztpctl/ztpctl.h"
#include "ztp/gate_protocol.h"
#include "ztp/json.h"
#include "ztp/member.h"

#define POLL_MS 200

static int print_list(struct ztp_ctl *ctl, cJSON *all, const char *const *names)
{
	const cJSON *item;
	char scratch[32];

	if (!all)
		return ZTP_EXIT_FAILED;
	if (ctl->json) {
		ztp_ctl_print_json(all);
		cJSON_Delete(all);
		return ZTP_EXIT_OK;
	}
	for (item = all ? all->child : NULL; item; item = item->next) {
		for (size_t i = 0; names[i]; i++)
			printf("%s%s", i ? "  " : "",
			       ztp_ctl_text(item, names[i], scratch));
		putchar('\n');
	}
	cJSON_Delete(all);
	return ZTP_EXIT_OK;
}

int ztp_ctl_device_list(struct ztp_ctl *ctl)
{
	static const char *const names[] = {ZTP_M_DEVICE_PATH, ZTP_M_STATE,
					    ZTP_M_LIVE, ZTP_M_CREATED_AT, NULL};

	return print_list(
		ctl,
		ztp_ctl_list(ctl, ZTP_CMD_LIST_DEVICES, ZTP_M_DEVICES,
			     ztp_ctl_with(ZTP_M_REGISTRY, ctl->arguments[0])),
		names);
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

	return print_list(
		ctl,
		ztp_ctl_list(ctl, ZTP_CMD_LIST_PENDING, ZTP_M_PENDING,
			     ztp_ctl_with(ZTP_M_REGISTRY, ctl->arguments[0])),
		names);
}

int ztp_ctl_device_show(struct ztp_ctl *ctl)
{
	static const char *const names[] = {
		ZTP_M_DEVICE_PATH, ZTP_M_STATE,	      ZTP_M_LIVE,
		ZTP_M_SUBSCRIBED,  ZTP_M_ONBOARDING,  ZTP_M_CREATED_AT,
		ZTP_M_REQUEST_ID,  ZTP_M_FINGERPRINT, ZTP_M_SPKI};
	cJSON *data = NULL;
	char scratch[32];

	if (!ztp_ctl_ask(ctl, ZTP_CMD_GET_DEVICE,
			 ztp_ctl_with(ZTP_M_DEVICE_PATH, ctl->arguments[0]),
			 &data))
		return ZTP_EXIT_FAILED;
	if (ctl->json) {
		ztp_ctl_print_json(data);
	} else {
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			printf("%-18s %s\n", names[i],
			       ztp_ctl_text(data, names[i], scratch));
	}
	cJSON_Delete(data);
	return ZTP_EXIT_OK;
}

static int change(struct ztp_ctl *ctl, const char *command, const char *what)
{
	cJSON *data = NULL;

	if (!ztp_ctl_ask(ctl, command,
			 ztp_ctl_with(ZTP_M_DEVICE_PATH, ctl->arguments[0]),
			 &data))
		return ZTP_EXIT_FAILED;
	if (ctl->json)
		ztp_ctl_print_json(data);
	else
		printf("%s %s\n", what, ctl->arguments[0]);
	cJSON_Delete(data);
	return ZTP_EXIT_OK;
}

int ztp_ctl_device_delete(struct ztp_ctl *ctl)
{
	return change(ctl, ZTP_CMD_DELETE_DEVICE, "deleted");
}

int ztp_ctl_device_block(struct ztp_ctl *ctl)
{
	return change(ctl, ZTP_CMD_BLOCK_DEVICE, "blocked");
}

int ztp_ctl_device_unblock(struct ztp_ctl *ctl)
{
	return change(ctl, ZTP_CMD_UNBLOCK_DEVICE, "unblocked");
}

static void print_record(const struct ztp_ctl *ctl, const char *text)
{
	static const char *const names[] = {ZTP_M_AT, ZTP_M_VERDICT, ZTP_M_CODE,
					    ZTP_M_REMOTE_ADDR,
					    ZTP_M_DEVICE_PATH};
	cJSON *record = NULL;
	char scratch[32];

	if (ctl->json ||
	    ztp_json_parse(&record, text, strlen(text), ZTP_AUDIT_MAX, NULL)) {
		puts(text);
	} else {
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			printf("%s%s", i ? "  " : "",
			       ztp_ctl_text(record, names[i], scratch));
		putchar('\n');
	}
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
