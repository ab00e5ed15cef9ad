/*
 * The played gate (docs/control.md): candidates that it offers until they are
 * acknowledged, devices, and what it answers on $CONTROL. What it answers is
 * durable; what it says of its own accord may be lost with the connection.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_tree.h"
#include "tests/sim/broker.h"
#include "tests/sim/sim.h"
#include "tests/sim/world.h"

#define RESPONSE "$CONTROL/ztp/v1/response"
#define ROOM	 65536

static sim_event offer;

/* --- what it says of its own accord */

static void offer(void *arg, int64_t n)
{
	struct device *d = arg;
	char text[2048];
	int64_t pause = 10 * SIM_S << (d->offers < 5 ? d->offers : 5);

	if (d->at_gate != GATE_CANDIDATE || d->acked || n != d->attempt)
		return;
	device_event(d, text, sizeof(text));
	if (broker_offer("ztp/v1/pending", text, strlen(text), d->number))
		d->offers++;
	else
		pause = 2 * SIM_S;
	sim_at(pause, offer, d, n);
}

void gate_begin(struct device *d)
{
	d->at_gate = GATE_CANDIDATE;
	d->acked = false;
	d->offers = 0;
	d->attempt++;
	snprintf(d->gate_id, sizeof(d->gate_id), "g%d-%d", d->number,
		 d->attempt);
	sim_at(sim_delay(SIM_MS, 20 * SIM_MS), offer, d, d->attempt);
}

void gate_subscribed(struct device *d)
{
	char text[512];

	if (d->at_gate != GATE_CANDIDATE && d->at_gate != GATE_DEVICE)
		return;
	snprintf(text, sizeof(text),
		 "{\"device_path\":\"%s\",\"fingerprint_sha256\":\"%s\","
		 "\"state\":\"%s\"}",
		 d->path, d->cert.hex,
		 d->at_gate == GATE_DEVICE ? "device" : "held");
	broker_tell("ztp/v1/subscribed", text, strlen(text), 0);
}

/* --- candidates that end */

static sim_event come_again;

static void come_again(void *arg, int64_t n)
{
	struct device *d = arg;

	(void)n;
	if (d->at_gate == GATE_WITHDRAWN)
		gate_begin(d);
}

static void offer_withdrawal(void *arg, int64_t n)
{
	struct device *d = arg;
	char text[256];

	if (d->withdrawn_acked)
		return;
	snprintf(text, sizeof(text),
		 "{\"request_id\":\"%s\",\"device_path\":\"%s\","
		 "\"reason\":\"ca_removed\"}",
		 d->withdrawn_id, d->path);
	broker_offer("ztp/v1/withdrawn", text, strlen(text),
		     TAG_OTHER + d->number);
	sim_at(10 * SIM_S, offer_withdrawal, d, n);
}

static void withdraw(struct device *d)
{
	bool offering = *d->withdrawn_id && !d->withdrawn_acked;

	sim_input("candidate is withdrawn", d->number, d->attempt);
	d->at_gate = GATE_WITHDRAWN;
	d->subscribed = false;
	snprintf(d->withdrawn_id, sizeof(d->withdrawn_id), "%s", d->gate_id);
	d->withdrawn_acked = false;
	if (!offering)
		sim_at(sim_delay(SIM_MS, 20 * SIM_MS), offer_withdrawal, d, 0);
	if (sim_odds(2))
		sim_at(sim_delay(SIM_S, 20 * SIM_S), come_again, d, 0);
}

void gate_withdraw(void)
{
	int i;

	for (i = 0; i < 20; i++) {
		struct device *d =
			world_device((int)sim_between(0, world_count() - 1));

		/* One at a time: an id that is not acknowledged would be
		 * forgotten. */
		if (d->exists && d->at_gate == GATE_CANDIDATE &&
		    (!*d->withdrawn_id || d->withdrawn_acked)) {
			withdraw(d);
			return;
		}
	}
}

/* --- commands */

static struct device *named(const cJSON *command)
{
	struct device *d = world_by_path(ztp_tree_text(command, "device_path"));
	const char *hex = ztp_tree_text(command, "fingerprint_sha256");

	if (d && strcmp(d->cert.hex, hex) != 0)
		d = world_device(d->number + 1);
	return d && strcmp(d->cert.hex, hex) == 0 ? d : NULL;
}

static struct device *holder(const struct device *d)
{
	struct device *other = world_device(d->number ^ 1);

	if (other->exists && other->at_gate == GATE_DEVICE)
		return other;
	return NULL;
}

static const char *create(struct device *d, const cJSON *command, char *data,
			  size_t room)
{
	const char *id = ztp_tree_text(command, "request_id");
	struct device *other = world_device(d->number ^ 1);
	bool created = d->at_gate == GATE_CANDIDATE;

	if (holder(d))
		return "ALREADY_EXISTS";
	if (d->at_gate == GATE_DEVICE && strcmp(d->created_for, id) != 0)
		return "ALREADY_EXISTS";
	/* Even if the same device has become a candidate again since. */
	if (d->at_gate == GATE_WITHDRAWN || strcmp(d->withdrawn_id, id) == 0)
		return "ABORTED";
	if (!created && d->at_gate != GATE_DEVICE)
		return "FAILED_PRECONDITION";
	if (created) {
		oracle_approved_path(d->number);
		d->at_gate = GATE_DEVICE;
		snprintf(d->created_for, sizeof(d->created_for), "%s", id);
		if (other->exists && other->at_gate == GATE_CANDIDATE) {
			other->at_gate = GATE_UNKNOWN;
			other->subscribed = false;
		}
	}
	snprintf(data, room,
		 "{\"created\":%s,\"device_path\":\"%s\","
		 "\"fingerprint_sha256\":\"%s\",\"live\":%s,"
		 "\"subscribed\":%s}",
		 created ? "true" : "false", d->path, d->cert.hex,
		 d->subscribed ? "true" : "false",
		 d->subscribed ? "true" : "false");
	return "OK";
}

static const char *reject(struct device *d, char *data, size_t room)
{
	bool was = d->at_gate == GATE_CANDIDATE;

	if (d->at_gate == GATE_DEVICE)
		return "FAILED_PRECONDITION";
	if (was) {
		d->at_gate = GATE_REJECTED;
		d->subscribed = false;
	}
	snprintf(data, room, "{\"rejected\":%s}", was ? "true" : "false");
	return "OK";
}

static const char *get(struct device *d, char *data, size_t room)
{
	static const char *const states[] = {NULL, "pending", "active",
					     "rejected", NULL};
	struct device *device = holder(d);

	if (!device)
		device = d;
	if (!states[device->at_gate])
		return "NOT_FOUND";
	snprintf(data, room,
		 "{\"device_path\":\"%s\",\"state\":\"%s\","
		 "\"fingerprint_sha256\":\"%s\",\"request_id\":\"%s\","
		 "\"live\":%s,\"subscribed\":%s}",
		 device->path, states[device->at_gate], device->cert.hex,
		 device->at_gate == GATE_DEVICE ? device->created_for
						: device->gate_id,
		 device->subscribed ? "true" : "false",
		 device->subscribed ? "true" : "false");
	return "OK";
}

static const char *ack(const cJSON *command, char *data, size_t room)
{
	const cJSON *ids =
		cJSON_GetObjectItemCaseSensitive(command, "request_ids");
	const cJSON *id;
	int n = 0;

	cJSON_ArrayForEach (id, ids) {
		/* "g" number "-" attempt, as gate_begin makes it */
		long number = strtol(id->valuestring + 1, NULL, 10);
		struct device *d = world_device((int)number);

		if (strcmp(d->withdrawn_id, id->valuestring) == 0)
			d->withdrawn_acked = true;
		if (d->at_gate == GATE_WITHDRAWN)
			continue; /* it is no candidate any more */
		if (strcmp(d->gate_id, id->valuestring) != 0 || d->acked)
			continue;
		d->acked = true;
		n++;
	}
	snprintf(data, room, "{\"acked\":%d}", n);
	return "OK";
}

static const char *do_command(const cJSON *command, char *data, size_t room)
{
	const char *name = ztp_tree_text(command, "command");
	struct device *d;

	if (strcmp(name, "getInfo") == 0) {
		snprintf(data, room,
			 "{\"version\":\"sim\",\"max_commands\":1000,"
			 "\"command_topic\":\"{device_path}/commands\"}");
		return "OK";
	}
	if (!sim.calm && sim_odds(200))
		return sim_odds(2) ? "UNAVAILABLE" : "PERMISSION_DENIED";
	if (strcmp(name, "ackPending") == 0)
		return ack(command, data, room);
	d = named(command);
	if (!d)
		return "NOT_FOUND";
	if (strcmp(name, "createDevice") == 0)
		return create(d, command, data, room);
	if (strcmp(name, "rejectDevice") == 0)
		return reject(d, data, room);
	return get(d, data, room);
}

void gate_command(const char *payload, size_t len)
{
	static char text[ROOM];
	const cJSON *command;
	cJSON *tree;
	size_t n;

	if (ztp_tree_parse(&tree, payload, len, ROOM, NULL))
		tree = NULL; /* no commands */
	n = (size_t)snprintf(text, ROOM, "{\"responses\":[");
	cJSON_ArrayForEach (
		command, cJSON_GetObjectItemCaseSensitive(tree, "commands")) {
		char data[1024] = "{}";
		const char *code = do_command(command, data, sizeof(data));
		bool ok = strcmp(code, "OK") == 0;

		sim_trace(ztp_tree_text(command, "command"), ok, 0);
		n += (size_t)snprintf(
			text + n, ROOM - n,
			"%s{\"command\":\"%s\",\"correlationData\":\"%s\","
			"\"code\":\"%s\",\"%s\":%s}",
			text[n - 1] == '[' ? "" : ",",
			ztp_tree_text(command, "command"),
			ztp_tree_text(command, "correlationData"), code,
			ok ? "data" : "error", ok ? data : "\"played\"");
	}
	n += (size_t)snprintf(text + n, ROOM - n, "]}");
	cJSON_Delete(tree);
	broker_tell(RESPONSE, text, n, 1);
}
