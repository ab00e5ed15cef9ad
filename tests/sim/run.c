#include "tests/sim/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bridge/group/group.h"
#include "bridge/loop/loop.h"
#include "tests/sim/broker.h"
#include "tests/sim/disk.h"
#include "tests/sim/kafka_handle.h"
#include "tests/sim/plan.h"
#include "tests/sim/system.h"
#include "tests/sim/thread.h"
#include "tests/sim/vfs.h"
#include "tests/sim/without.h"
#include "tests/sim/world.h"

#define LIVES_MAX 400
#define CRASHES	  8 /* of a run, about */

static struct config *configs[PROCESSES_MAX];

/* --- lives of the bridge */

static bool reload(void *arg)
{
	(void)arg;
	return true;
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

/* What a process leaves behind when it is no more. */
static void bury(void)
{
	system_forget();
	vfs_forget();
	thread_forget();
	paho_forget();
	mosquitto_forget();
	consumer_killed();
	broker_client_killed();
	oracle_unheard();
}

static int live(struct process *p)
{
	static struct log logs[PROCESSES_MAX];
	struct log *log = &logs[p->number];
	const struct config *config = configs[p->number];

	p->crash_in = next_crash();
	sim_input("start", (int64_t)p->life, p->crash_in);
	kafka_weaken(without(WITHOUT_FENCE), without(WITHOUT_MARKERS));
	log_init(log, system_log_fd(), config->log.level, config->log.format);
	return (sim.plan.bridges ? group_run : loop_run)(config, log, reload,
							 NULL);
}

static void judge_exit(int how, bool disk_trouble)
{
	if (how == PROCESS_KILLED) {
		sim.stats->crashes++;
		sim.stats->inputs++;
		if (sim.plan.sync_full && sim_odds(2)) {
			sim_trace("power lost", 0, 0);
			disk_lose_power();
		}
		if (sim_odds(sim.plan.wiped) && !sim.calm) {
			sim_input("disk lost", sim.me->number, 0);
			disk_wipe();
		}
	} else if (how != PROCESS_EXITED && !disk_trouble) {
		sim_find("the bridge ended with %d", how - PROCESS_EXITED);
	}
}

/* Until somebody starts it again: a service manager pauses after a failure. */
static int64_t downtime(int how)
{
	if (how > PROCESS_EXITED)
		return sim_between(SIM_S, 5 * SIM_S);
	return sim_delay(SIM_MS, sim.plan.downtime_max_ms * SIM_MS);
}

static int64_t ended(struct process *p, int how)
{
	bury();
	sim_trace("end", how, p->number);
	judge_exit(how, sim.plan.disk_trouble != 0);
	if ((how == PROCESS_EXITED && world_is_done()) ||
	    sim.stats->findings > 0)
		return -1;
	if (p->life > LIVES_MAX) {
		sim_find("stuck: it does not stay up");
		return -1;
	}
	return downtime(how);
}

static int count(void)
{
	return sim.plan.bridges ? sim.plan.bridges : 1;
}

static bool never(void)
{
	return false;
}

void run_seed(uint64_t seed, bool group, bool verbose, struct sim_stats *stats)
{
	int i;

	sim_begin(seed, verbose, stats);
	sim.now = 1000 * SIM_S;
	plan_draw(group);
	sim.plan.whole = seed % 2;
	sim.plan.trouble_us += sim.now;
	vfs_register();
	cluster_begin();
	transactions_begin();
	members_begin();
	broker_begin();
	oracle_begin();
	oracle_group_begin();
	for (i = 0; i < count(); i++)
		configs[i] = plan_config(i);
	world_begin();
	process_begin(count(), live, ended);
	process_schedule(never);
	stats->simulated_us = sim.now - 1000 * SIM_S;
	for (i = 0; i < count(); i++)
		config_free(configs[i]);
}
