#include "gate/control.h"

#include <string.h>

#include "base/json_tree.h"
#include "gate/broker_api.h"
#include "gate/publish.h"

#define MESSAGE_MAX	(1024 * 1024)
#define COMMANDS_MAX	1000
#define CORRELATION_MAX 256

static const struct {
	const char *name;
	ztp_command_fn *run;
} table[] = {
	{"createRegistry", ztp_control_create_registry},
	{"getRegistry", ztp_control_get_registry},
	{"listRegistries", ztp_control_list_registries},
	{"modifyRegistry", ztp_control_modify_registry},
	{"deleteRegistry", ztp_control_delete_registry},
	{"addRegistryCa", ztp_control_add_ca},
	{"removeRegistryCa", ztp_control_remove_ca},
	{"createDevice", ztp_control_create_device},
	{"rejectDevice", ztp_control_reject_device},
	{"getDevice", ztp_control_get_device},
	{"listDevices", ztp_control_list_devices},
	{"deleteDevice", ztp_control_delete_device},
	{"blockDevice", ztp_control_block_device},
	{"unblockDevice", ztp_control_unblock_device},
	{"listPending", ztp_control_list_pending},
	{"ackPending", ztp_control_ack_pending},
	{"getInfo", ztp_control_get_info},
};

static void reply_begin(struct ztp_reply *reply)
{
	reply->code = "OK";
	reply->data = cJSON_CreateObject();
	reply->error[0] = '\0';
	if (!reply->data)
		(void)ztp_reply_fail(reply, "INTERNAL", "out of memory");
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
	(void)ztp_reply_fail(reply, "NOT_FOUND", "unknown command");
}

/* What callbacks have written before must not be lost with this command, so it
 * is committed first. What a failed command has written is rolled back. */
static void run_one(struct ztp_gate *gate, const cJSON *in, const char *name,
		    struct ztp_reply *reply)
{
	struct ztp_error error = {0};

	if (ztp_db_commit(gate->db, &error) != 0) {
		(void)ztp_reply_error(reply, &error);
		ztp_gate_rolled_back(gate);
		return;
	}
	gate->fresh.count = 0;
	if (!ztp_gate_restore(gate)) {
		(void)ztp_reply_fail(reply, "UNAVAILABLE",
				     "the registry database cannot be read");
		return;
	}
	run_by_name(gate, in, name, reply);
	/* UNAVAILABLE and INTERNAL: a failed commit has been rolled back
	 * already, and memory may be ahead of the database. */
	if (strcmp(reply->code, "UNAVAILABLE") == 0 ||
	    strcmp(reply->code, "INTERNAL") == 0 ||
	    (strcmp(reply->code, "OK") != 0 && ztp_db_dirty(gate->db)))
		ztp_gate_rolled_back(gate);
}

static void append(cJSON *responses, const char *name, const char *correlation,
		   struct ztp_reply *reply)
{
	cJSON *response = cJSON_CreateObject();

	cJSON_AddStringToObject(response, "command", name);
	if (correlation)
		cJSON_AddStringToObject(response, "correlationData",
					correlation);
	cJSON_AddStringToObject(response, "code", reply->code);
	if (reply->data)
		cJSON_AddItemToObject(response, "data", reply->data);
	else
		cJSON_AddStringToObject(response, "error", reply->error);
	reply->data = NULL;
	cJSON_AddItemToArray(responses, response);
}

static void answer_one(struct ztp_gate *gate, bool allowed, const cJSON *in,
		       cJSON *responses)
{
	const char *name = NULL, *correlation = NULL;
	struct ztp_error error = {0};
	struct ztp_reply reply;

	reply_begin(&reply);
	if (!cJSON_IsObject(in) ||
	    ztp_tree_string(&correlation, in, "correlationData",
			    CORRELATION_MAX, &error) != 0 ||
	    ztp_tree_string(&name, in, "command", 64, &error) != 0 || !name)
		(void)ztp_reply_fail(&reply, "INVALID_ARGUMENT",
				     "not a command");
	else if (!allowed)
		(void)ztp_reply_fail(&reply, "PERMISSION_DENIED",
				     "not an operator");
	else
		run_one(gate, in, name, &reply);
	append(responses, name ? name : "", correlation, &reply);
}

static void answer_all(struct ztp_gate *gate, bool allowed, const char *text,
		       size_t len, cJSON *responses)
{
	struct ztp_error error = {0};
	const cJSON *commands, *in;
	struct ztp_reply reply;
	cJSON *tree = NULL;

	reply_begin(&reply);
	if (ztp_tree_parse(&tree, text, len, MESSAGE_MAX, &error) != 0) {
		(void)ztp_reply_fail(&reply, "INVALID_ARGUMENT", "%s",
				     error.message);
		append(responses, "", NULL, &reply);
		return;
	}
	commands = cJSON_GetObjectItemCaseSensitive(tree, "commands");
	if (!cJSON_IsArray(commands) ||
	    cJSON_GetArraySize(commands) > COMMANDS_MAX) {
		(void)ztp_reply_fail(&reply, "INVALID_ARGUMENT",
				     "commands is not a list of at most %d",
				     COMMANDS_MAX);
		append(responses, "", NULL, &reply);
	} else {
		cJSON_Delete(reply.data);
		for (in = commands ? commands->child : NULL; in; in = in->next)
			answer_one(gate, allowed, in, responses);
	}
	cJSON_Delete(tree);
}

int ztp_control(int event, void *event_data, void *userdata)
{
	const struct mosquitto_evt_control *e = event_data;
	struct ztp_gate *gate = userdata;
	cJSON *answer = cJSON_CreateObject();
	cJSON *responses = cJSON_AddArrayToObject(answer, "responses");
	/* The broker has called ztp_acl_check before; a second check costs
	 * nothing. */
	bool allowed = ztp_options_is_operator(
		&gate->options, mosquitto_client_username(e->client));

	(void)event;
	if (responses)
		answer_all(gate, allowed, e->payload ? e->payload : "",
			   e->payloadlen, responses);
	ztp_publish_json(NULL, ZTP_CONTROL_RESPONSE, answer, 1, NULL);
	return MOSQ_ERR_SUCCESS;
}
