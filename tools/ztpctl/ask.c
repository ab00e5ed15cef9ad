/* Asks the gate. */
#include <string.h>

#include "base/json_tree.h"
#include "tools/common/cli.h"
#include "tools/ztpctl/ztpctl.h"
#include "ztp/code.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"

bool ztp_ctl_ask(struct ztp_ctl *ctl, const char *command, cJSON *in,
		 cJSON **data)
{
	struct ztp_error error = {0};
	cJSON *response = NULL;
	const char *code, *text;
	bool ok;

	if (ztp_client_ask(ctl->client, command, in, &response, &error) != 0) {
		ztp_cli_warn("ztpctl", "%s", error.message);
		return false;
	}
	code = ztp_tree_text(response, "code");
	text = ztp_tree_text(response, "error");
	ok = strcmp(code, ZTP_CODE_OK) == 0;
	if (!ok)
		ztp_cli_warn("ztpctl", "%s: %s", *code ? code : "?",
			     *text ? text : "no reason given");
	if (ok && data)
		*data = cJSON_DetachItemFromObjectCaseSensitive(response,
								ZTP_M_DATA);
	cJSON_Delete(response);
	return ok && (!data || *data);
}

struct choice {
	bool (*keep)(const cJSON *item, void *arg);
	void *arg;
};

static void move_items(cJSON *to, cJSON *from, const struct choice *choice)
{
	cJSON *item;

	while ((item = cJSON_DetachItemFromArray(from, 0)) != NULL)
		if (choice->keep && !choice->keep(item, choice->arg))
			cJSON_Delete(item);
		else
			cJSON_AddItemToArray(to, item);
}

cJSON *ztp_ctl_list(struct ztp_ctl *ctl, const char *command,
		    const char *member, cJSON *in)
{
	return ztp_ctl_list_some(ctl, command, member, in, NULL, NULL);
}

cJSON *ztp_ctl_list_some(struct ztp_ctl *ctl, const char *command,
			 const char *member, cJSON *in,
			 bool (*keep)(const cJSON *item, void *arg), void *arg)
{
	const struct choice choice = {keep, arg};
	cJSON *all = cJSON_CreateArray();
	cJSON *data = NULL, *ask;
	bool more;

	cJSON_AddNumberToObject(in, ZTP_M_LIMIT, ZTP_CONTROL_PAGE_MAX);
	do {
		ask = cJSON_Duplicate(in, true);
		if (!ask || !ztp_ctl_ask(ctl, command, ask, &data)) {
			cJSON_Delete(all);
			all = NULL;
			break;
		}
		move_items(all, cJSON_GetObjectItemCaseSensitive(data, member),
			   &choice);
		more = *ztp_tree_text(data, "next") != '\0';
		cJSON_DeleteItemFromObjectCaseSensitive(in, ZTP_M_AFTER);
		if (more)
			cJSON_AddStringToObject(in, ZTP_M_AFTER,
						ztp_tree_text(data, "next"));
		cJSON_Delete(data);
		data = NULL;
	} while (more);
	cJSON_Delete(in);
	return all;
}

cJSON *ztp_ctl_with(const char *name, const char *value)
{
	cJSON *object = cJSON_CreateObject();

	if (value)
		cJSON_AddStringToObject(object, name, value);
	return object;
}
