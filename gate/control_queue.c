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
#include "gate/broker_api.h"
#include "gate/control.h"
#include "gate/outbox.h"
#include "gate/sweeps.h"
#include "ztp/code.h"

#define TURN_US	    20000
#define WAITING_MAX (4 << 20) /* bytes, with what each message takes itself */

struct ztp_asked {
	struct ztp_asked *next;
	bool allowed, begun;
	cJSON *tree;
	const cJSON *in;  /* the next command, in the tree */
	cJSON *answer;	  /* owned */
	cJSON *responses; /* in the answer */
	cJSON *last;	  /* response */
	size_t count;	  /* of responses */
	/* Owned: the commits that they hang on. NULL: there was no memory, and
	 * any loss is one of all of them. */
	uint64_t *groups;
	size_t len;
	char text[];
};

static void asked_free(struct ztp_asked *asked)
{
	cJSON_Delete(asked->tree);
	cJSON_Delete(asked->answer);
	free(asked->groups);
	free(asked);
}

static size_t size_of(const struct ztp_asked *asked)
{
	return sizeof(*asked) + asked->len;
}

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
 * written, and been answered OK for; see ztp_control_lost for those. */
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
	struct ztp_commands *commands = &gate->commands;
	struct ztp_asked *asked = commands->first;
	cJSON *answer = asked->answer;

	commands->first = asked->next;
	if (!commands->first)
		commands->last = NULL;
	commands->bytes -= size_of(asked);
	asked->answer = NULL;
	if (!ztp_sweeps_park(gate, answer))
		ztp_outbox_answer(gate, answer, asked->groups, asked->count);
	asked_free(asked);
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

void ztp_control_lost(struct ztp_gate *gate, uint64_t kept)
{
	const struct ztp_asked *asked = gate->commands.first;
	cJSON *response;

	if (!asked || !asked->responses)
		return;
	response = asked->responses->child;
	for (size_t i = 0; i < asked->count; i++, response = response->next)
		if (!asked->groups || asked->groups[i] > kept)
			ztp_outbox_spoil_one(response);
}

void ztp_control_clear(struct ztp_gate *gate)
{
	struct ztp_commands *commands = &gate->commands;

	while (commands->first) {
		struct ztp_asked *asked = commands->first;

		commands->first = asked->next;
		asked_free(asked);
	}
	*commands = (struct ztp_commands){0};
}

static void append(struct ztp_commands *commands, struct ztp_asked *asked)
{
	if (commands->last)
		commands->last->next = asked;
	else
		commands->first = asked;
	commands->last = asked;
	commands->bytes += size_of(asked);
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
	append(&gate->commands, asked);
	go_on(gate);
	return MOSQ_ERR_SUCCESS;
}
