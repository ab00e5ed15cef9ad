/* The played gate's $CONTROL: commands in one message, answered in one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_tree.h"
#include "tests/sim/broker.h"
#include "tests/sim/gate.h"
#include "tests/sim/sim.h"
#include "ztp/code.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"

/* What becomes of a message: its commands are done; they are not, since what
 * they wrote could not be stored; or the bridge is no operator just now. */
enum fate { DONE, NOT_STORED, DENIED };

static struct device *named(const cJSON *command)
{
	struct device *d =
		world_by_path(ztp_tree_text(command, ZTP_M_DEVICE_PATH));
	const char *hex = ztp_tree_text(command, ZTP_M_FINGERPRINT);

	if (d && strcmp(d->cert.hex, hex) != 0)
		d = world_device(d->number + 1);
	return d && strcmp(d->cert.hex, hex) == 0 ? d : NULL;
}

/* An id ends the offering of a candidate, or of its withdrawal. */
static bool acknowledge(const char *id)
{
	/* "g" number "-" attempt, as gate_begin makes it */
	long number = strtol(id + 1, NULL, 10);
	struct device *d = world_device((int)number);
	bool pending = d->at_gate == GATE_CANDIDATE && !d->acked &&
		       strcmp(d->gate_id, id) == 0;
	bool withdrawn =
		d->withdrawn_owed > 0 && strcmp(d->withdrawn_id, id) == 0;

	d->acked = d->acked || pending;
	d->withdrawn_owed -= withdrawn;
	return pending || withdrawn;
}

static const char *ack(const cJSON *command, char *data)
{
	const cJSON *id;
	int n = 0;

	cJSON_ArrayForEach (id, cJSON_GetObjectItemCaseSensitive(
					command, ZTP_M_REQUEST_IDS))
		n += acknowledge(id->valuestring);
	snprintf(data, GATE_DATA_MAX, "{\"acked\":%d}", n);
	return ZTP_CODE_OK;
}

/* A gate that is older does not say how much it takes, nor what its clock
 * says. */
static void write_bounds(char *text, size_t room)
{
	char now[ZTP_TIME_LEN];

	*text = '\0';
	ztp_time_format(now, world_wall_ms(sim.now));
	if (sim.plan.gate_commands > 0)
		snprintf(text, room,
			 ",\"max_commands\":%d,\"max_bytes\":%d,"
			 "\"now\":\"%s\","
			 "\"audits_topic\":\"" ZTP_MQTT_AUDITS "\"",
			 sim.plan.gate_commands, sim.plan.gate_bytes, now);
}

static const char *info(char *data)
{
	int i, devices = 0, pending = 0;
	char bounds[192];

	for (i = 0; i < world_count(); i++) {
		devices += world_device(i)->at_gate == GATE_DEVICE;
		pending += world_device(i)->at_gate == GATE_CANDIDATE;
	}
	write_bounds(bounds, sizeof(bounds));
	snprintf(data, GATE_DATA_MAX,
		 "{\"version\":\"sim\","
		 "\"command_topic\":\"{device_path}/commands\","
		 "\"pending_mode\":\"%s\",\"retry_after_s\":60%s,"
		 "\"pending_topic\":\"" ZTP_MQTT_PENDING "\","
		 "\"subscribed_topic\":\"" ZTP_MQTT_SUBSCRIBED "\","
		 "\"registries\":1,\"devices\":%d,\"pending\":%d,"
		 "\"oldest_unacknowledged_s\":0,\"cells\":[]}",
		 sim.plan.hold ? ZTP_MODE_HOLD : ZTP_MODE_REFUSE, bounds,
		 devices, pending);
	return ZTP_CODE_OK;
}

static int64_t retry_after(const cJSON *command)
{
	int64_t seconds = -1;

	(void)ztp_tree_int(&seconds, command, ZTP_M_RETRY_AFTER, 0,
			   ZTP_CONTROL_RETRY_MAX_S, NULL);
	return seconds;
}

static const char *do_command(const cJSON *command, char *data)
{
	const char *name = ztp_tree_text(command, ZTP_M_COMMAND);
	struct device *d;

	if (strcmp(name, ZTP_CMD_GET_INFO) == 0)
		return info(data);
	if (strcmp(name, ZTP_CMD_ACK_PENDING) == 0)
		return ack(command, data);
	d = named(command);
	snprintf(data, GATE_DATA_MAX, "\"no device\"");
	if (!d)
		return ZTP_CODE_NOT_FOUND;
	if (strcmp(name, ZTP_CMD_CREATE_DEVICE) == 0)
		return gate_create(d, ztp_tree_text(command, ZTP_M_REQUEST_ID),
				   data);
	if (strcmp(name, ZTP_CMD_REJECT_DEVICE) == 0)
		return gate_reject(d, retry_after(command), data);
	if (strcmp(name, ZTP_CMD_RESEND_DEVICE) == 0)
		return gate_resend(d, data);
	return gate_get(d, data);
}

/* --- messages */

/* The bridge keeps to what getInfo has told it, as long as the acknowledgements
 * leave it a choice. */
static void check_bounds(const cJSON *commands, size_t len)
{
	int most = sim.plan.gate_commands > 0 ? sim.plan.gate_commands : 1;
	int count = cJSON_GetArraySize(commands);

	if (count > most)
		sim_find("wrong: %d commands to a gate that takes %d", count,
			 most);
	if (count > 1 && sim.plan.gate_commands > 0 &&
	    len > (size_t)sim.plan.gate_bytes)
		sim_find("wrong: %zu bytes to a gate that takes %d", len,
			 sim.plan.gate_bytes);
}

static enum fate draw_fate(void)
{
	if (sim.calm || !sim_odds(100))
		return DONE;
	return sim_odds(2) ? NOT_STORED : DENIED;
}

static size_t write_answer(char *text, size_t room, const cJSON *command,
			   enum fate fate)
{
	char data[GATE_DATA_MAX] = "\"played\"";
	const char *code = fate == DENIED ? ZTP_CODE_PERMISSION_DENIED
					  : ZTP_CODE_UNAVAILABLE;

	if (fate == DONE)
		code = do_command(command, data);
	sim_trace(ztp_tree_text(command, ZTP_M_COMMAND),
		  strcmp(code, ZTP_CODE_OK) == 0, fate);
	return (size_t)snprintf(text, room,
				"{\"command\":\"%s\",\"code\":\"%s\","
				"\"correlationData\":\"%s\",\"%s\":%s}",
				ztp_tree_text(command, ZTP_M_COMMAND), code,
				ztp_tree_text(command, ZTP_M_CORRELATION),
				*data == '{' ? ZTP_M_DATA : ZTP_M_ERROR, data);
}

void gate_command(const char *payload, size_t len)
{
	static char text[ZTP_CONTROL_MESSAGE_MAX];
	enum fate fate = draw_fate();
	const cJSON *command, *commands;
	cJSON *tree;
	size_t n;

	if (ztp_tree_parse(&tree, payload, len, sizeof(text), NULL))
		tree = NULL; /* no commands */
	commands = cJSON_GetObjectItemCaseSensitive(tree, ZTP_M_COMMANDS);
	check_bounds(commands, len);
	n = (size_t)snprintf(text, sizeof(text), "{\"responses\":[");
	cJSON_ArrayForEach (command, commands) {
		if (text[n - 1] != '[')
			text[n++] = ',';
		n += write_answer(text + n, sizeof(text) - n, command, fate);
	}
	n += (size_t)snprintf(text + n, sizeof(text) - n, "]}");
	cJSON_Delete(tree);
	gate_say(ZTP_MQTT_RESPONSE, text, n);
}
