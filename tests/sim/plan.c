#include "tests/sim/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/sim/disk.h"
#include "tests/sim/sim.h"
#include "tests/sim/without.h"

static int one_of(const int *values, int n)
{
	return values[sim_between(0, n - 1)];
}

/* Of what most seeds have nothing. */
static int rarely(int chance, int value)
{
	return sim_odds(chance) ? value : 0;
}

static void draw_settings(struct sim_plan *p)
{
	static const int timeouts[] = {2000, 4000, 10000, 60000};

	p->gate = sim_odds(2);
	p->hold = !sim_odds(3);
	p->ack_device = sim_odds(3);
	p->sync_full = sim_odds(3);
	p->mqtt3 = sim_odds(8);
	p->approve_on_timeout = sim_odds(6);
	p->decision_timeout_ms = one_of(timeouts, 4);
	p->delivery_timeout_ms = 10 * one_of(timeouts, 4);
	p->max_requests = sim_odds(6) ? 20 : 1000000;
	p->max_finished = sim_odds(8) ? (int)sim_between(1, 100) : 10000000;
	p->kafka_queue = rarely(6, (int)sim_between(1, 50));
}

/* How much one message to the gate may hold. */
static void draw_gate(struct sim_plan *p)
{
	static const int commands[] = {0, 1, 3, 1000, 1000, 1000};
	static const int bytes[] = {1024, 4000, 1 << 20, 1 << 20};

	p->gate_commands = one_of(commands, 6);
	p->gate_bytes = one_of(bytes, 4);
	p->resend = rarely(2, (int)sim_between(1, 10));
}

static void draw_faults(struct sim_plan *p)
{
	static const int seldom[] = {0, 5, 10, 30};
	static const int refusals[] = {0, 200, 50, 10};

	p->trouble_us = sim_between(10, sim_odds(4) ? 1000 : 90) * SIM_S;
	p->crash_points = (int)sim_between(200, 20000);
	p->downtime_max_ms = (int)sim_between(100, 15000);
	p->interleave = (int)sim_between(8, 200);
	p->refuse = one_of(refusals, 4);
	p->lose_connection = one_of(seldom, 4);
	p->forget_session = rarely(6, 30);
	p->kafka_away = one_of(seldom, 4);
	p->topics_anew = rarely(6, 20);
	p->small_bounds = rarely(6, 20);
	p->strangers = rarely(3, 20);
	p->transactions = rarely(3, 3);
	p->bad_events = rarely(3, 3);
	p->disk_trouble = rarely(4, 20);
	p->jumps = rarely(8, 20);
	p->poison = rarely(4, (int)sim_between(10, 60));
	p->withdraw = rarely(3, (int)sim_between(1, 10));
}

/* Of several bridges. What a group has no answer for, or what is about a single
 * bridge's own group, does not happen. */
static void draw_group(struct sim_plan *p)
{
	p->bridges = (int)sim_between(2, PROCESSES_MAX);
	p->gate = true;
	p->session_ms = (int)sim_between(4, 10) * 1000;
	p->forget_session = p->topics_anew = p->small_bounds = 0;
	p->not_joined = 0;
	p->kafka_queue = 0;
	p->max_requests = 1000000;
	p->max_finished = 10000000;
	if (p->devices > 100)
		p->devices /= 4;
	p->zombies = rarely(2, (int)sim_between(20, 120));
	p->cuts = rarely(2, (int)sim_between(20, 120));
	p->hasty = rarely(2, (int)sim_between(1, 4));
	p->wiped = p->gate ? rarely(2, (int)sim_between(2, 5)) : 0;
	/* Nobody offers again what is no candidate. */
	p->bad_events = p->wiped ? 0 : rarely(2, 3);
	p->torn = rarely(2, (int)sim_between(10, 60));
	p->late_markers = rarely(4, (int)sim_between(4, 20));
}

/* What makes a rule matter: without.h. */
static void draw_about(struct sim_plan *p)
{
	if (is_about(WITHOUT_CHECK))
		p->zombies = 20;
	if (is_about(WITHOUT_END)) {
		p->zombies = 20;
		p->late_reads = 50;
	}
	if (is_about(WITHOUT_WAIT)) {
		p->session_ms = 2000;
		p->zombies = 20;
	}
	if (is_about(WITHOUT_LATE)) {
		p->approve_on_timeout = true;
		p->decision_timeout_ms = 2000;
		p->late_markers = 10;
		p->zombies = 20;
	}
}

void plan_draw(bool group)
{
	struct sim_plan *p = &sim.plan;

	draw_settings(p);
	draw_gate(p);
	draw_faults(p);
	p->devices = (int)sim_between(20, 400);
	p->partitions = (int)sim_between(1, 4);
	p->broker_queue = rarely(10, (int)sim_between(1, 100));
	p->zeros = sim_odds(10);
	p->not_joined = rarely(6, 3);
	p->full_ms = rarely(4, (int)sim_between(1000, 100000));
	if (group)
		draw_group(p);
	draw_about(p);
}

static int write_config(char *text, size_t room, int bridge)
{
	const struct sim_plan *p = &sim.plan;
	char properties[128] = "", place[32] = "", standby[128] = "";

	if (p->kafka_queue > 0)
		snprintf(properties, sizeof(properties),
			 "kafka: {properties: {queue.buffering.max.messages: "
			 "%d}}\n",
			 p->kafka_queue);
	if (p->bridges > 0) {
		snprintf(place, sizeof(place), "b%d/", bridge);
		snprintf(standby, sizeof(standby),
			 "standby: {enabled: true, instance: bridge%d, "
			 "session_timeout: %dms}\n",
			 bridge, p->session_ms);
	}
	return snprintf(
		text, room,
		"mqtt: {registrar: %s, version: %s, delivery_ack: %s}\n%s"
		"onboarding: {decision_timeout: %dms, delivery_timeout: %dms, "
		"on_timeout: %s, reject_cooldown: 1h}\n"
		"store: {path: " SIM_DIR "%sstore.db, sync: %s, "
		"max_requests: %d, max_finished: %d}\n"
		"http: {listen: \"\"}\n"
		"log: {level: debug}\n%s",
		p->gate ? "gate" : "none", p->mqtt3 ? "3.1.1" : "5",
		p->ack_device ? "device" : "broker", properties,
		p->decision_timeout_ms, p->delivery_timeout_ms,
		p->approve_on_timeout ? "approve" : "reject", place,
		p->sync_full ? "full" : "normal", p->max_requests,
		p->max_finished, standby);
}

struct config *plan_config(int bridge)
{
	struct config *config = NULL;
	struct ztp_error error;
	char name[64], text[1024];
	int n = write_config(text, sizeof(text), bridge);
	int fd = memfd_create("sim", 0), line;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	if (fd < 0 || write(fd, text, (size_t)n) != n ||
	    config_load(&config, name, &line, &error) != 0) {
		fprintf(stderr, "sim: configuration: %s\n", error.message);
		abort();
	}
	close(fd);
	if (sim.verbose)
		fprintf(stderr, "%s", text);
	return config;
}
