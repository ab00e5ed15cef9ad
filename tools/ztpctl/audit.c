/* `ztpctl audit tail`: the gate's verdicts as they come. */
#include "tools/ztpctl/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_tree.h"
#include "tools/common/cli.h"
#include "tools/common/terminal.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"

#define POLL_MS 200

const char *const ztp_ctl_audit_names[] = {ZTP_M_AT,	      ZTP_M_VERDICT,
					   ZTP_M_CODE,	      ZTP_M_REMOTE_ADDR,
					   ZTP_M_DEVICE_PATH, NULL};

/* False: stdout cannot be written. */
static bool print_record(const struct ztp_ctl *ctl, const char *text)
{
	cJSON *record = NULL;

	if (ztp_tree_parse(&record, text, strlen(text), ZTP_AUDIT_MAX, NULL)) {
		(void)terminal_put(text, strlen(text));
		putchar('\n');
	} else if (ctl->json) {
		puts(text);
	} else {
		ztp_ctl_print_line(record, ztp_ctl_audit_names);
	}
	cJSON_Delete(record);
	return ztp_cli_flush("ztpctl");
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
		bool printed;
		int rc = ztp_client_next(ctl->client, ZTP_MQTT_AUDIT, POLL_MS,
					 &text, &error);

		if (rc < 0) {
			ztp_cli_warn("ztpctl", "%s", error.message);
			return ZTP_EXIT_FAILED;
		}
		if (rc == 0)
			continue;
		printed = print_record(ctl, text);
		free(text);
		if (!printed)
			return ZTP_EXIT_FAILED;
		if (++seen == ctl->count)
			break;
	}
	return ZTP_EXIT_OK;
}
