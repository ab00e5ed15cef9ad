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
#include "tests/sim/plan.h"
#include "tests/sim/system.h"
#include "tests/sim/thread.h"
#include "tests/sim/vfs.h"
#include "tests/sim/world.h"

#define KILLED	  1
#define EXITED	  2 /* + the exit code */
#define LIVES_MAX 400
#define CRASHES	  8 /* of a run, about */

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
	oracle_unheard();
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
	plan_draw();
	sim.plan.trouble_us += sim.now;
	vfs_register();
	cluster_begin();
	broker_begin();
	oracle_begin();
	config = plan_config();
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
