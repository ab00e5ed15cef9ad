/* The commands ztpctl device, but for its list, and pending list. */
#include <stdio.h>

#include "tools/common/cli.h"
#include "tools/ztpctl/ztpctl.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"

static cJSON *with_device(const struct ztp_ctl *ctl)
{
	return ztp_ctl_with(ZTP_M_DEVICE_PATH, ctl->arguments[0]);
}

int ztp_ctl_pending_list(struct ztp_ctl *ctl)
{
	static const char *const names[] = {
		ZTP_M_DEVICE_PATH, ZTP_M_REQUEST_ID,
		ZTP_M_RECEIVED_AT, ZTP_M_REMOTE_ADDR,
		ZTP_M_ACKED,	   ZTP_M_LIVE,
		ZTP_M_FINGERPRINT, NULL};
	cJSON *all =
		ztp_ctl_list(ctl, ZTP_CMD_LIST_PENDING, ZTP_M_PENDING,
			     ztp_ctl_with(ZTP_M_REGISTRY, ctl->arguments[0]));
	int status = ztp_ctl_print_list(ctl, all, names);

	cJSON_Delete(all);
	return status;
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
	int status = ztp_ctl_change(ctl, ZTP_CMD_RESEND_DEVICE,
				    with_device(ctl), "asked for:");

	/* The gate passes it on; it does not know what the bridge has heard. */
	if (status == ZTP_EXIT_OK && !ctl->json)
		puts("The bridge sends it again, unless the device has "
		     "answered "
		     "\"applied\" or the\npayload is not kept any more; its "
		     "log says so.");
	return status;
}
