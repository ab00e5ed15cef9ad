#include "gate/control.h"

#include <string.h>

#include "base/json_tree.h"
#include "gate/control_queue.h"
#include "gate/sweeps.h"
#include "ztp/code.h"
#include "ztp/member.h"

#define COMMAND_MAX 64 /* bytes in a name */

static const struct {
	const char *name;
	ztp_command_fn *run;
} table[] = {
	{ZTP_CMD_CREATE_REGISTRY, ztp_control_create_registry},
	{ZTP_CMD_GET_REGISTRY, ztp_control_get_registry},
	{ZTP_CMD_LIST_REGISTRIES, ztp_control_list_registries},
	{ZTP_CMD_MODIFY_REGISTRY, ztp_control_modify_registry},
	{ZTP_CMD_DELETE_REGISTRY, ztp_control_delete_registry},
	{ZTP_CMD_ADD_REGISTRY_CA, ztp_control_add_ca},
	{ZTP_CMD_REMOVE_REGISTRY_CA, ztp_control_remove_ca},
	{ZTP_CMD_EXPORT_REGISTRY, ztp_control_export_registry},
	{ZTP_CMD_CREATE_DEVICE, ztp_control_create_device},
	{ZTP_CMD_IMPORT_DEVICE, ztp_control_import_device},
	{ZTP_CMD_REJECT_DEVICE, ztp_control_reject_device},
	{ZTP_CMD_GET_DEVICE, ztp_control_get_device},
	{ZTP_CMD_LIST_DEVICES, ztp_control_list_devices},
	{ZTP_CMD_DELETE_DEVICE, ztp_control_delete_device},
	{ZTP_CMD_BLOCK_DEVICE, ztp_control_block_device},
	{ZTP_CMD_UNBLOCK_DEVICE, ztp_control_unblock_device},
	{ZTP_CMD_RESEND_DEVICE, ztp_control_resend_device},
	{ZTP_CMD_LIST_PENDING, ztp_control_list_pending},
	{ZTP_CMD_ACK_PENDING, ztp_control_ack_pending},
	{ZTP_CMD_REJECT_PENDING, ztp_control_reject_pending},
	{ZTP_CMD_GET_INFO, ztp_control_get_info},
};

static void reply_begin(struct ztp_reply *reply)
{
	reply->code = ZTP_CODE_OK;
	reply->data = cJSON_CreateObject();
	reply->sweep = 0;
	reply->error[0] = '\0';
	if (!reply->data)
		(void)ztp_reply_fail(reply, ZTP_CODE_UNAVAILABLE,
				     "out of memory");
}

static void run_by_name(struct ztp_gate *gate, const cJSON *in,
			const char *name, struct ztp_reply *reply)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		if (strcmp(name, table[i].name) == 0) {
			table[i].run(gate, in, reply);
			return;
		}
	}
	(void)ztp_reply_fail(reply, ZTP_CODE_NOT_FOUND, "unknown command");
}

/* What a failed command has written is undone, and nothing else. */
static void run_one(struct ztp_gate *gate, const cJSON *in, const char *name,
		    struct ztp_reply *reply)
{
	struct ztp_error error = {0};

	if (!ztp_gate_restore(gate)) {
		(void)ztp_reply_fail(reply, ZTP_CODE_UNAVAILABLE,
				     "the registry database cannot be read");
		return;
	}
	ztp_gate_mark(gate);
	run_by_name(gate, in, name, reply);
	if (strcmp(reply->code, ZTP_CODE_OK) == 0 &&
	    ztp_control_commit(gate, reply))
		return;
	if (strcmp(reply->code, ZTP_CODE_UNAVAILABLE) == 0) {
		(void)ztp_fail(&error, ZTP_ERR_IO, "%s: %s", name,
			       reply->error);
		ztp_gate_trouble(gate, &error);
	}
	ztp_gate_undo(gate);
}

/* Adds what is needed to know which command is answered, and how. */
static bool fill(cJSON *response, const char *name, const char *correlation,
		 struct ztp_reply *reply)
{
	if (!cJSON_AddStringToObject(response, ZTP_M_COMMAND, name) ||
	    !cJSON_AddStringToObject(response, ZTP_M_CODE, reply->code) ||
	    (correlation && !cJSON_AddStringToObject(
				    response, ZTP_M_CORRELATION, correlation)))
		return false;
	if (!reply->data)
		return cJSON_AddStringToObject(response, ZTP_M_ERROR,
					       reply->error);
	if (!cJSON_AddItemToObject(response, ZTP_M_DATA, reply->data))
		return false;
	reply->data = NULL;
	return true;
}

/* Without memory for all of it there is no response, and whoever asked asks
 * again. False: then the reply's data are gone. */
static bool append(cJSON *responses, const char *name, const char *correlation,
		   struct ztp_reply *reply)
{
	cJSON *response = cJSON_CreateObject();
	bool whole = response && fill(response, name, correlation, reply) &&
		     cJSON_AddItemToArray(responses, response);

	if (!whole)
		cJSON_Delete(response);
	cJSON_Delete(reply->data);
	reply->data = NULL;
	return whole;
}

void ztp_control_answer(struct ztp_gate *gate, bool allowed, const cJSON *in,
			cJSON *responses)
{
	const char *name = NULL, *correlation = NULL;
	struct ztp_error error = {0};
	struct ztp_reply reply;
	cJSON *data;

	reply_begin(&reply);
	if (!cJSON_IsObject(in) ||
	    ztp_tree_string(&correlation, in, ZTP_M_CORRELATION,
			    ZTP_CONTROL_CORRELATION_MAX, &error) != 0 ||
	    ztp_tree_string(&name, in, "command", COMMAND_MAX, &error) != 0 ||
	    !name)
		(void)ztp_reply_fail(&reply, ZTP_CODE_INVALID_ARGUMENT,
				     "not a command");
	else if (!allowed)
		(void)ztp_reply_fail(&reply, ZTP_CODE_PERMISSION_DENIED,
				     "not an operator");
	else
		run_one(gate, in, name, &reply);
	data = reply.data;
	if (append(responses, name ? name : "", correlation, &reply) && data &&
	    reply.sweep != 0)
		ztp_sweeps_answer(gate, reply.sweep, data);
}

static const cJSON *refuse(struct ztp_reply *reply, cJSON *responses)
{
	(void)append(responses, "", NULL, reply);
	return NULL;
}

const cJSON *ztp_control_read(cJSON **tree, const char *text, size_t len,
			      cJSON *responses)
{
	struct ztp_error error = {0};
	const cJSON *commands;
	struct ztp_reply reply;

	reply_begin(&reply);
	if (ztp_tree_parse(tree, text, len, ZTP_CONTROL_MESSAGE_MAX, &error) !=
	    0) {
		(void)ztp_reply_error(&reply, &error);
		return refuse(&reply, responses);
	}
	commands = cJSON_GetObjectItemCaseSensitive(*tree, ZTP_M_COMMANDS);
	if (!cJSON_IsArray(commands) ||
	    cJSON_GetArraySize(commands) > ZTP_CONTROL_COMMANDS_MAX) {
		(void)ztp_reply_fail(&reply, ZTP_CODE_INVALID_ARGUMENT,
				     "commands is not a list of at most %d",
				     ZTP_CONTROL_COMMANDS_MAX);
		return refuse(&reply, responses);
	}
	cJSON_Delete(reply.data);
	return commands->child;
}
