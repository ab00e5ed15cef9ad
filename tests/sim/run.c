#include "tests/sim/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bridge/loop/loop.h"
#include "tests/sim/broker.h"
#include "tests/sim/disk.h"
#include "tests/sim/kafka_handle.h"
#include "tests/sim/system.h"
#include "tests/sim/thread.h"
#include "tests/sim/vfs.h"
#include "tests/sim/world.h"

#define KILLED	  1
#define EXITED	  2 /* + the exit code */
#define LIVES_MAX 400
#define CRASHES	  8 /* of a run, about */

/* --- what the seed decides */

static int one_of(const int *values, int n)
{
	return values[sim_between(0, n - 1)];
}

static void draw_plan(void)
{
	static const int timeouts[] = {2000, 4000, 10000, 60000};
	static const int seldom[] = {0, 5, 10, 30};
	static const int refusals[] = {0, 200, 50, 10};
	struct sim_plan *p = &sim.plan;

	p->gate = sim_odds(2);
	p->ack_device = sim_odds(3);
	p->sync_full = sim_odds(3);
	p->mqtt3 = sim_odds(8);
	p->approve_on_timeout = sim_odds(6);
	p->devices = (int)sim_between(20, 400);
	p->decision_timeout_ms = one_of(timeouts, 4);
	p->delivery_timeout_ms = 10 * one_of(timeouts, 4);
	p->partitions = (int)sim_between(1, 4);
	p->max_requests = sim_odds(6) ? 20 : 1000000;
	p->trouble_us = sim_between(10, 90) * SIM_S;
	p->crash_points = (int)sim_between(200, 20000);
	p->downtime_max_ms = (int)sim_between(100, 15000);
	p->interleave = (int)sim_between(8, 200);
	p->refuse = one_of(refusals, 4);
	p->lose_connection = one_of(seldom, 4);
	p->kafka_away = one_of(seldom, 4);
	p->strangers = sim_odds(3) ? 20 : 0;
	p->disk_trouble = sim_odds(4) ? 20 : 0;
	p->zeros = sim_odds(10);
	p->jumps = sim_odds(8) ? 20 : 0;
}

static struct config *configure(void)
{
	const struct sim_plan *p = &sim.plan;
	struct config *config = NULL;
	struct ztp_error error;
	char name[64], text[1024];
	int fd = memfd_create("sim", 0), line, n;

	n = snprintf(text, sizeof(text),
		     "mqtt: {registrar: %s, version: %s, delivery_ack: %s}\n"
		     "onboarding: {decision_timeout: %dms, "
		     "delivery_timeout: %dms, on_timeout: %s, "
		     "reject_cooldown: 1h}\n"
		     "store: {path: " SIM_DIR "store.db, sync: %s, "
		     "max_requests: %d}\n"
		     "http: {listen: \"\"}\n"
		     "log: {level: debug}\n",
		     p->gate ? "gate" : "none", p->mqtt3 ? "3.1.1" : "5",
		     p->ack_device ? "device" : "broker",
		     p->decision_timeout_ms, p->delivery_timeout_ms,
		     p->approve_on_timeout ? "approve" : "reject",
		     p->sync_full ? "full" : "normal", p->max_requests);
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

/* --- lives of the bridge */

static void reload(void *arg)
{
	(void)arg;
}

/* Soon after a start as well: what is done again is killed again. */
static int next_crash(void)
{
	if (sim.calm || sim.stats->crashes >= 2 * CRASHES)
		return 0;
	if (sim_odds(4))
		return (int)sim_between(1, 300);
	return (int)sim_between(1, 2 * sim.plan.crash_points);
}

static void bury(void)
{
	sim.alive = false;
	sim.in_event = sim.crash_now = false;
	sim.held = 0;
	system_forget();
	vfs_forget();
	thread_forget();
	consumer_killed();
	broker_client_killed();
}

/* Returns KILLED or EXITED + code. */
static int live(const struct config *config)
{
	static struct log log;
	int how;

	sim.life++;
	sim.alive = true;
	sim.crash_in = next_crash();
	sim_input("start", (int64_t)sim.life, sim.crash_in);
	log_init(&log, system_log_fd(), config->log.level, config->log.format);
	how = sigsetjmp(sim.end, 0);
	if (how == 0)
		how = EXITED + loop_run(config, &log, reload, NULL);
	bury();
	sim_trace("end", how, 0);
	return how;
}

static void judge_exit(int how, bool disk_trouble)
{
	if (how == KILLED) {
		sim.stats->crashes++;
		sim.stats->inputs++;
		if (sim.plan.sync_full && sim_odds(2)) {
			sim_trace("power lost", 0, 0);
			disk_lose_power();
		}
	} else if (how != EXITED && !disk_trouble) {
		sim_find("the bridge ended with %d", how - EXITED);
	}
}

/* Until somebody starts it again: a service manager pauses after a failure. */
static int64_t downtime(int how)
{
	if (how > EXITED)
		return sim_between(SIM_S, 5 * SIM_S);
	return sim_delay(SIM_MS, sim.plan.downtime_max_ms * SIM_MS);
}

void run_seed(uint64_t seed, bool verbose, struct sim_stats *stats)
{
	static struct config *config;
	static bool done;

	sim_begin(seed, verbose, stats);
	sim.now = 1000 * SIM_S;
	draw_plan();
	sim.plan.trouble_us += sim.now;
	vfs_register();
	cluster_begin();
	broker_begin();
	oracle_begin();
	config = configure();
	world_begin();
	for (done = false; !done;) {
		int how = live(config);

		judge_exit(how, sim.plan.disk_trouble != 0);
		done = (how == EXITED && world_is_done()) ||
		       sim.stats->findings > 0;
		if (sim.life > LIVES_MAX) {
			sim_find("stuck: it does not stay up");
			done = true;
		}
		if (!done)
			sim_pass(downtime(how));
	}
	stats->simulated_us = sim.now - 1000 * SIM_S;
	config_free(config);
}
