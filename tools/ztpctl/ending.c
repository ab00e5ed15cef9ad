/* Commands that end candidates, and say how many. */
#include <stdio.h>
#include <string.h>

#include "tools/common/cli.h"
#include "tools/ztpctl/ztpctl.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"

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
