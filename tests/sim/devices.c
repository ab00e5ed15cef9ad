/* Devices: when they come, come again and go away, and what they are told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/broker.h"
#include "tests/sim/gate.h"
#include "tests/sim/sim.h"
#include "tests/sim/world.h"

static struct device *devices; /* 2 for each path */
static int paths, to_come;

struct device *world_device(int number)
{
	return &devices[number];
}

int world_count(void)
{
	return 2 * paths;
}

struct device *world_by_path(const char *path)
{
	const char *digits = strrchr(path, '/');
	long n = digits ? strtol(digits + 2, NULL, 10) : -1;

	if (n < 0 || n >= paths || strcmp(devices[2 * n].path, path) != 0)
		return NULL;
	return &devices[2 * n];
}

int devices_to_come(void)
{
	return to_come;
}

/* --- what they do, where there is no gate */

int64_t world_wall_ms(int64_t us)
{
	return (SIM_WALL_BEGIN + sim.wall_skew + us) / 1000;
}

static int write_event(const struct device *d, char *text, size_t room)
{
	char time[ZTP_TIME_LEN], id[64] = "";

	ztp_time_format(time, world_wall_ms(d->received_at));
	if (d->named)
		snprintf(id, sizeof(id), "\"request_id\":\"d%d\",", d->number);
	return snprintf(text, room,
			"{%s\"device_path\":\"%s\",\"certificate\":\"%s\","
			"\"password\":\"" WORLD_SECRET
			"\",\"received_at\":\"%s\"}",
			id, d->path, d->cert.base64, time);
}

static void offer_once(void *arg, int64_t n)
{
	struct device *d = arg;
	char text[2048];
	int len = write_event(d, text, sizeof(text));

	d->offers++;
	if (!broker_offer("ztp/v1/pending", text, (size_t)len, d->number))
		sim_at(SIM_S, offer_once, d, n);
	else
		to_come -= n == 0;
}

/* The same certificate once more: the device was started again. */
static void knock(void *arg, int64_t n)
{
	struct device *d = arg;

	(void)n;
	if (sim.calm)
		return;
	sim_trace("device comes again", d->number, 0);
	d->received_at = sim.now;
	offer_once(d, 1);
	if (sim_odds(2))
		sim_at(sim_delay(SIM_S, 60 * SIM_S), knock, d, 0);
}

/* --- what they do at a gate */

static sim_event knock_at_gate;

static void subscribe(void *arg, int64_t n)
{
	struct device *d = arg;

	(void)n;
	if (d->never_there || (sim.plan.gate && (!d->live || d->subscribed)))
		return;
	sim_trace("device subscribes", d->number, d->by_certificate);
	if (sim.plan.gate)
		gate_subscribe(d);
	else
		d->subscribed = true;
}

/* Who is refused tries again, as long as it may be let in one day. */
static void knock_at_gate(void *arg, int64_t n)
{
	struct device *d = arg;

	(void)n;
	d->knocking = false;
	if (d->never_there || d->live)
		return;
	if (gate_connect(d, !d->told || d->forgets)) {
		sim_at(sim_delay(SIM_MS, 200 * SIM_MS), subscribe, d, 0);
	} else if (d->at_gate == GATE_CANDIDATE || d->at_gate == GATE_DEVICE) {
		d->knocking = true;
		sim_at(sim_delay(SIM_S, 20 * SIM_S), knock_at_gate, d, 0);
	}
}

static void connect_in(struct device *d, int64_t us)
{
	if (d->knocking)
		return;
	d->knocking = true;
	sim_at(us, knock_at_gate, d, 0);
}

void device_comes(struct device *d)
{
	connect_in(d, sim_delay(SIM_MS, 5 * SIM_S));
}

/* --- at both */

static void come_back(struct device *d, int64_t low, int64_t high)
{
	if (sim.plan.gate)
		connect_in(d, sim_delay(low, high));
	else
		sim_at(sim_delay(low, high), subscribe, d, 0);
}

static void leave(struct device *d)
{
	if (sim.plan.gate)
		gate_leave(d);
	d->subscribed = false;
}

static void go_away(void *arg, int64_t n)
{
	struct device *d = arg;

	(void)n;
	if (sim.calm)
		return;
	if (d->subscribed) {
		leave(d);
		sim_trace("device goes away", d->number, 0);
		come_back(d, 100 * SIM_MS, 20 * SIM_S);
	}
	if (sim_odds(2))
		sim_at(sim_delay(SIM_S, 60 * SIM_S), go_away, d, 0);
}

/* Its proof is what makes it a candidate, whether it is let in or not. */
static void come_to_gate(struct device *d)
{
	(void)gate_connect(d, true);
	gate_leave(d);
	to_come--;
	come_back(d, SIM_MS, 5 * SIM_S);
}

static void come(void *arg, int64_t n)
{
	struct device *d = arg;

	(void)n;
	d->came_at = d->received_at = sim.now;
	if (sim.plan.gate) {
		come_to_gate(d);
	} else {
		offer_once(d, 0);
		come_back(d, SIM_MS, 5 * SIM_S);
		if (sim_odds(4))
			sim_at(sim_delay(SIM_S, 60 * SIM_S), knock, d, 0);
	}
	if (sim_odds(4))
		sim_at(sim_delay(SIM_S, 20 * SIM_S), go_away, d, 0);
}

/* They come in waves: some together, some alone, and one when all is well again:
 * who has nothing left to read would not be noticed to read nothing. */
void devices_begin(void)
{
	int64_t trouble = sim.plan.trouble_us - sim.now;
	int64_t last = trouble * 3 / 4, wave = 0;
	int i;

	paths = sim.plan.devices;
	devices = sim_alloc(sizeof(*devices) * 2 * (size_t)paths);
	to_come = 0;
	for (i = 0; i < 2 * paths; i++) {
		struct device *d = &devices[i];

		d->number = i;
		snprintf(d->path, sizeof(d->path), WORLD_PATH, i / 2);
		d->exists = i % 2 == 0 || sim_odds(20);
		if (!d->exists)
			continue;
		certs_make(&d->cert, (uint32_t)i);
		d->never_there = sim_odds(30);
		d->poison = sim_odds(sim.plan.poison);
		d->forgets = sim_odds(5);
		d->silent = sim_odds(5) ? (int)sim_between(1, 8) : 0;
		/* With few kept, an id may come that is no longer known. */
		d->named = sim.plan.max_finished > 100 && sim_odds(2);
		if (i == 0 || sim_odds(10))
			wave = sim_between(0, last);
		if (i == 2 * (paths - 1))
			wave = trouble + SIM_S;
		to_come++;
		sim_at(wave + sim_delay(0, 2 * SIM_S), come, d, 0);
	}
}

void devices_lose_connection(void)
{
	int i;

	for (i = 0; i < 2 * paths; i++) {
		struct device *d = &devices[i];

		if (!d->subscribed)
			continue;
		leave(d);
		come_back(d, 100 * SIM_MS, 5 * SIM_S);
	}
}

void devices_come_back(void)
{
	int i;

	for (i = 0; i < 2 * paths; i++)
		if (devices[i].exists && devices[i].came_at != 0)
			come_back(&devices[i], SIM_MS, 5 * SIM_S);
}

/* --- what the broker tells */

void world_owned(int tag)
{
	if (tag >= TAG_OTHER)
		return;
	if (tag >= TAG_BAD)
		oracle_letter_owned(tag);
	else if (devices[tag].owned_at == 0)
		devices[tag].owned_at = sim.now;
}

/* The gate offers again what has not been acknowledged to it. */
void world_forgotten(int tag)
{
	if (tag < TAG_BAD && !sim.plan.gate && devices[tag].owned_at == 0)
		sim_at(sim_delay(SIM_MS, 5 * SIM_S), offer_once, &devices[tag],
		       1);
}

static void answer(void *arg, int64_t n)
{
	const struct asked *asked = arg;
	const struct device *d = world_device(asked->device);
	char topic[128], text[256];

	(void)n;
	snprintf(topic, sizeof(topic), "%s/events/provisioning", d->path);
	snprintf(text, sizeof(text),
		 "{\"request_id\":\"%s\",\"status\":\"applied\"}", asked->id);
	broker_tell(topic, text, strlen(text), 1);
}

bool world_is_poison(const char *topic)
{
	char path[128];
	struct device *d;
	size_t n = strlen(topic);

	if (n < 9 || n >= sizeof(path) || *topic == '$')
		return false;
	memcpy(path, topic, n - 9);
	path[n - 9] = '\0';
	d = world_by_path(path);
	return d && d->poison;
}

/* It is told; whether it was approved is what it remembers. */
static void hear(struct device *d, const char *id, const char *payload,
		 size_t len)
{
	char status[24];

	oracle_text(payload, len, "status", status, sizeof(status));
	if (strcmp(status, "approved") == 0)
		d->told = true;
	if (d->silent > 0)
		d->silent--;
	else
		sim_at(sim_delay(SIM_MS, SIM_S), answer, oracle_find(id), 0);
}

int world_command(const char *topic, const char *payload, size_t len)
{
	char path[128], id[132];
	struct device *d;
	struct asked *asked;
	size_t n = strlen(topic);

	if (n < 9 || n >= sizeof(path) ||
	    strcmp(topic + n - 9, "/commands") != 0)
		return 0;
	memcpy(path, topic, n - 9);
	path[n - 9] = '\0';
	d = world_by_path(path);
	if (!d) {
		sim_find("elsewhere: a command on %s", topic);
		return 0;
	}
	oracle_text(payload, len, "request_id", id, sizeof(id));
	asked = oracle_find(id);
	if (asked)
		d = world_device(asked->device);
	if (!d->subscribed &&
	    !(!sim.plan.gate && world_device(d->number ^ 1)->subscribed))
		return 0x10;
	if (!sim.calm && sim_odds(300))
		return 0x87;
	sim_trace("command", d->number, (int64_t)len);
	if (oracle_command(path, payload, len) && d->subscribed)
		hear(d, id, payload, len);
	return 0;
}
