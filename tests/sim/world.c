#include "tests/sim/world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/broker.h"
#include "tests/sim/disk.h"
#include "tests/sim/kafka_handle.h"
#include "tests/sim/sim.h"
#include "tests/sim/system.h"

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

/* --- devices */

const char *device_event(struct device *d, char *text, size_t room)
{
	char time[ZTP_TIME_LEN], id[64] = "";

	ztp_time_format(
		time, (SIM_WALL_BEGIN + sim.wall_skew + d->received_at) / 1000);
	if (sim.plan.gate)
		snprintf(id, sizeof(id), "\"request_id\":\"%s\",", d->gate_id);
	else if (d->named)
		snprintf(id, sizeof(id), "\"request_id\":\"d%d\",", d->number);
	snprintf(text, room,
		 "{%s\"device_path\":\"%s\",\"certificate\":\"%s\","
		 "\"received_at\":\"%s\"}",
		 id, d->path, d->cert.base64, time);
	return text;
}

static void offer_once(void *arg, int64_t n)
{
	struct device *d = arg;
	char text[2048];

	device_event(d, text, sizeof(text));
	if (!broker_offer("ztp/v1/pending", text, strlen(text), d->number))
		sim_at(SIM_S, offer_once, d, n);
	else
		to_come -= n == 0;
}

static void subscribe(void *arg, int64_t n)
{
	struct device *d = arg;

	(void)n;
	if (d->never_there || (sim.plan.gate && d->at_gate != GATE_CANDIDATE &&
			       d->at_gate != GATE_DEVICE))
		return;
	d->subscribed = true;
	sim_trace("device subscribes", d->number, 0);
	if (sim.plan.gate)
		gate_subscribed(d);
}

static void go_away(void *arg, int64_t n)
{
	struct device *d = arg;

	(void)n;
	if (!d->subscribed || sim.calm)
		return;
	d->subscribed = false;
	sim_trace("device goes away", d->number, 0);
	sim_at(sim_delay(100 * SIM_MS, 20 * SIM_S), subscribe, d, 0);
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

static void come(void *arg, int64_t n)
{
	struct device *d = arg;

	(void)n;
	d->came_at = d->received_at = sim.now;
	if (sim.plan.gate) {
		gate_begin(d);
		to_come--;
	} else {
		offer_once(d, 0);
		if (sim_odds(4))
			sim_at(sim_delay(SIM_S, 60 * SIM_S), knock, d, 0);
	}
	sim_at(sim_delay(SIM_MS, 5 * SIM_S), subscribe, d, 0);
	if (sim_odds(4))
		sim_at(sim_delay(SIM_S, 20 * SIM_S), go_away, d, 0);
}

/* They come in waves: some together, some alone. */
static void begin_devices(void)
{
	int64_t last = (sim.plan.trouble_us - sim.now) * 3 / 4, wave = 0;
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
		d->named = sim_odds(2);
		if (i == 0 || sim_odds(10))
			wave = sim_between(0, last);
		to_come++;
		sim_at(wave + sim_delay(0, 2 * SIM_S), come, d, 0);
	}
}

/* --- the customer */

static void write_decision(void *arg, int64_t verdict)
{
	struct topic *topic = &cluster.topics[CLUSTER_DECISIONS];
	struct asked *asked = arg;
	const struct device *d = world_device(asked->device);
	char text[512];
	int n;

	if (!cluster_answers()) {
		sim_at(500 * SIM_MS, write_decision, asked, verdict);
		return;
	}
	n = snprintf(text, sizeof(text),
		     "{\"request_id\":\"%s\",\"device_path\":\"%s\","
		     "\"decision\":\"%s\",\"payload\":{\"n\":%d}}",
		     asked->id, d->path,
		     verdict == APPROVED ? "approve" : "reject", d->number);
	sim.stats->decisions++;
	/* Before it is appended: there it is in time, or it is not. */
	oracle_decided(asked, (enum verdict)verdict, sim.now);
	cluster_append(topic,
		       cluster_partition(topic, d->path, strlen(d->path)),
		       d->path, strlen(d->path), text, (size_t)n, NULL);
}

static void decide(struct asked *asked)
{
	int64_t left = asked->deadline - sim.now;
	int64_t delay = sim_delay(2 * SIM_MS, 2 * SIM_S);
	enum verdict verdict = sim_odds(5) ? REJECTED : APPROVED;

	switch (sim_between(0, 19)) {
	case 0: /* never */
		return;
	case 1: /* just in time, or just too late */
	case 2:
		delay = left + sim_between(-SIM_S, SIM_S);
		break;
	case 3: /* said twice */
		sim_at(delay + sim_delay(0, 2 * SIM_S), write_decision, asked,
		       sim_odds(3) ? (int64_t)REJECTED + APPROVED - verdict
				   : verdict);
		break;
	default:
		break;
	}
	sim_at(delay > 0 ? delay : 0, write_decision, asked, verdict);
}

/* Well-formed, about nothing; its key is the writer's own affair. */
static void stranger(void *arg, int64_t n)
{
	struct topic *topic = &cluster.topics[CLUSTER_DECISIONS];
	static char key[1000000];
	size_t len = 30;
	char text[256];
	int size;

	(void)arg;
	if (!cluster_answers())
		return;
	if (sim_odds(4))
		len = sim_odds(2) ? 999600 : (size_t)sim_between(0, 999000);
	memset(key, 'k', len);
	size = snprintf(text, sizeof(text),
			"{\"request_id\":\"none-%lld\",\"device_path\":\"%s\","
			"\"decision\":\"approve\"}",
			(long long)n, devices[0].path);
	if (sim_odds(4)) /* no JSON at all */
		size = snprintf(text, sizeof(text), "approve everybody");
	sim_trace("stranger", (int64_t)len, size);
	cluster_append(topic, (int)sim_between(0, topic->partitions - 1), key,
		       len, text, (size_t)size, NULL);
}

void world_record(enum cluster_topic topic, int partition,
		  const struct record *record)
{
	struct asked *asked;
	bool first;

	(void)partition;
	if (topic == CLUSTER_RESULTS)
		oracle_result(record);
	if (topic != CLUSTER_REQUESTS)
		return;
	asked = oracle_request(record, &first);
	if (!asked || !first)
		return;
	decide(asked);
	if (sim_odds(sim.plan.strangers))
		sim_at(sim_delay(0, SIM_S), stranger, NULL,
		       (int64_t)sim.stats->inputs);
}

/* --- what the broker tells */

void world_owned(int device)
{
	if (device >= 0 && devices[device].owned_at == 0)
		devices[device].owned_at = sim.now;
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
	if (oracle_command(path, payload, len) && sim.plan.ack_device &&
	    d->subscribed)
		sim_at(sim_delay(SIM_MS, SIM_S), answer, oracle_find(id), 0);
	return 0;
}

/* --- what goes wrong */

static void lose_leader(void)
{
	struct topic *topic =
		&cluster.topics[sim_between(0, CLUSTER_TOPICS - 1)];

	sim_input("leader lost", topic - cluster.topics, 0);
	topic->logs[sim_between(0, topic->partitions - 1)].leaderless =
		sim.now + sim_delay(50 * SIM_MS, 8 * SIM_S);
}

static void disk_over(void *arg, int64_t n)
{
	(void)arg;
	(void)n;
	disk_fill(false);
	disk_fail(false);
	disk_slow(false);
}

static void trouble_disk(void)
{
	int64_t what = sim_between(0, 2);

	sim_input("disk trouble", what, 0);
	disk_fill(what == 0);
	disk_fail(what == 1);
	disk_slow(what == 2);
	sim_at(sim_delay(200 * SIM_MS, 10 * SIM_S), disk_over, NULL, 0);
}

static void tick(void *arg, int64_t n)
{
	(void)arg;
	(void)n;
	if (sim.calm)
		return;
	if (sim_odds(sim.plan.lose_connection))
		broker_lose(sim_odds(2), sim_odds(20) ? TAKEN_OVER : 0);
	if (sim_odds(10 * sim.plan.lose_connection))
		broker_go_away(sim_delay(100 * SIM_MS, 10 * SIM_S));
	if (sim_odds(sim.plan.kafka_away)) {
		sim_input("kafka away", 0, 0);
		cluster.away = sim.now + sim_delay(100 * SIM_MS, 15 * SIM_S);
	}
	if (sim_odds(sim.plan.kafka_away))
		lose_leader();
	if (sim_odds(2 * sim.plan.kafka_away))
		consumer_rebalance_now();
	if (sim_odds(10 * sim.plan.kafka_away))
		consumer_share(true);
	else if (sim_odds(3))
		consumer_share(false);
	if (sim_odds(sim.plan.jumps)) {
		sim.wall_skew += sim_between(-60 * SIM_S, 60 * SIM_S);
		sim_input("clock is set", sim.wall_skew, 0);
	}
	if (sim_odds(sim.plan.disk_trouble))
		trouble_disk();
	if (sim_odds(40))
		system_signal(SIGHUP);
	if (sim_odds(60))
		system_signal(SIGTERM);
	sim_at(SIM_S, tick, NULL, 0);
}

static void calm(void *arg, int64_t n)
{
	int i;

	(void)arg;
	(void)n;
	sim_trace("calm", 0, 0);
	sim.calm = true;
	sim.crash_in = 0;
	disk_over(NULL, 0);
	cluster.away = 0;
	consumer_share(false);
	for (i = 0; i < CLUSTER_TOPICS * CLUSTER_PARTITIONS; i++)
		cluster.topics[i / CLUSTER_PARTITIONS]
			.logs[i % CLUSTER_PARTITIONS]
			.leaderless = 0;
	for (i = 0; i < 2 * paths; i++)
		if (devices[i].exists && devices[i].came_at != 0)
			sim_at(sim_delay(SIM_MS, 5 * SIM_S), subscribe,
			       &devices[i], 0);
}

/* Looked at while it is calm, until there is nothing to wait for. */
static void look(void *arg, int64_t since)
{
	int64_t longest = (int64_t)(sim.plan.decision_timeout_ms +
				    sim.plan.delivery_timeout_ms) *
				  SIM_MS +
			  900 * SIM_S;
	char text[256];
	int n;

	(void)arg;
	n = oracle_open(text, sizeof(text));
	if (n == 0 && to_come == 0 && broker_queued() == 0) {
		system_signal(SIGTERM);
	} else if (sim.now - since > longest) {
		sim_find("%d not ended, %d to come, %d queued; %s", n, to_come,
			 broker_queued(), text);
		system_signal(SIGTERM);
	}
	sim_at(SIM_S, look, NULL, since);
}

static void begin_look(void *arg, int64_t n)
{
	(void)n;
	look(arg, sim.now);
}

bool world_is_done(void)
{
	char text[256];

	return sim.stats->findings > 0 ||
	       (sim.calm && to_come == 0 && broker_queued() == 0 &&
		oracle_open(text, sizeof(text)) == 0);
}

void world_begin(void)
{
	begin_devices();
	sim_at(SIM_S, tick, NULL, 0);
	sim_at(sim.plan.trouble_us, calm, NULL, 0);
	sim_at(sim.plan.trouble_us + 5 * SIM_S, begin_look, NULL, 0);
}
