/*
 * The broker's one thread executes commands, and a message may have 1000 of them.
 * So a turn of the loop executes no more than some 20 ms of them, whatever
 * messages they came in, and goes on in the next turn, with all else served in
 * between. A message is answered when its last command has been executed. Its
 * answer is made then, so what a loss takes back before that is said here.
 */
#include "gate/control_queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_tree.h"
#include "gate/asked.h"
#include "gate/broker_api.h"
#include "gate/control.h"
#include "gate/outbox.h"
#include "gate/sweeps.h"
#include "ztp/code.h"

#define TURN_US	    20000
#define WAITING_MAX (4 << 20) /* bytes, with what each message takes itself */

static void begin(struct ztp_gate *gate, struct ztp_asked *asked)
{
	asked->begun = true;
	ztp_lists_begin(&gate->lists, ztp_clock_boot());
	asked->answer = cJSON_CreateObject();
	asked->responses = ztp_tree_put_list(asked->answer, ZTP_M_RESPONSES);
	if (asked->responses)
		asked->in = ztp_control_read(&asked->tree, asked->text,
					     asked->len, asked->responses);
	asked->groups =
		calloc(ZTP_CONTROL_COMMANDS_MAX, sizeof(*asked->groups));
}

static cJSON *newest(const struct ztp_asked *asked)
{
	return asked->last ? asked->last->next : asked->responses->child;
}

/* A command that cannot be written may take with it what those before it have
 * written, and been answered OK for; see ztp_asked_lost for those. */
static void execute(struct ztp_gate *gate, struct ztp_asked *asked)
{
	uint64_t losses = gate->losses;
	cJSON *response;

	ztp_control_answer(gate, asked->allowed, asked->in, asked->responses);
	asked->in = asked->in->next;
	response = newest(asked);
	if (!response)
		return;
	if (gate->losses != losses)
		ztp_outbox_spoil_one(response);
	asked->last = response;
	if (asked->groups)
		asked->groups[asked->count] = ztp_db_group(gate->db);
	asked->count++;
}

static void finish(struct ztp_gate *gate)
{
	struct ztp_asked *asked = ztp_asked_take(&gate->commands);
	cJSON *answer = asked->answer;

	asked->answer = NULL;
	if (!ztp_sweeps_park(gate, answer, asked->groups, asked->count))
		ztp_outbox_answer(gate, answer, asked->groups, asked->count);
	ztp_asked_free(asked);
}

static void go_on(struct ztp_gate *gate)
{
	struct ztp_commands *commands = &gate->commands;

	while (commands->first && commands->spent_us < TURN_US) {
		struct ztp_asked *asked = commands->first;
		int64_t start = ztp_clock_thread_us();

		if (!asked->begun)
			begin(gate, asked);
		else if (asked->in)
			execute(gate, asked);
		if (!asked->in)
			finish(gate);
		commands->spent_us += ztp_clock_thread_us() - start;
	}
}

void ztp_control_tick(struct ztp_gate *gate)
{
	gate->commands.spent_us = 0;
	go_on(gate);
}

/* Nobody reads what is not to be executed: so it does not say to what this is
 * the response. */
static void put_off(struct ztp_gate *gate)
{
	cJSON *answer = cJSON_CreateObject();
	cJSON *response =
		ztp_tree_put_row(ztp_tree_put_list(answer, ZTP_M_RESPONSES));

	ztp_tree_put_text(response, ZTP_M_COMMAND, "");
	ztp_tree_put_text(response, ZTP_M_CODE, ZTP_CODE_UNAVAILABLE);
	ztp_tree_put_text(response, ZTP_M_ERROR,
			  "too many commands are waiting");
	(void)ztp_outbox_put(gate, ZTP_MQTT_RESPONSE, answer, 1);
}

/* The broker has called ztp_acl_check before; a second check costs nothing. */
int ztp_control(int event, void *event_data, void *userdata)
{
	const struct mosquitto_evt_control *e = event_data;
	struct ztp_gate *gate = userdata;
	struct ztp_asked *asked = NULL;

	(void)event;
	if (gate->commands.bytes + sizeof(*asked) + e->payloadlen <=
	    WAITING_MAX)
		asked = calloc(1, sizeof(*asked) + e->payloadlen);
	if (!asked) {
		put_off(gate);
		return MOSQ_ERR_SUCCESS;
	}
	asked->allowed = ztp_options_is_operator(
		&gate->options, mosquitto_client_username(e->client));
	asked->len = e->payloadlen;
	if (e->payload)
		memcpy(asked->text, e->payload, asked->len);
	ztp_asked_add(&gate->commands, asked);
	go_on(gate);
	return MOSQ_ERR_SUCCESS;
}
