/* What goes wrong, until it is calm, and when all has come to an end. */
#include "tests/sim/world.h"

#include <signal.h>

#include "tests/sim/broker.h"
#include "tests/sim/disk.h"
#include "tests/sim/kafka_handle.h"
#include "tests/sim/sim.h"
#include "tests/sim/system.h"

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
	devices_come_back();
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
	if (n == 0 && devices_to_come() == 0 && broker_queued() == 0) {
		system_signal(SIGTERM);
	} else if (sim.now - since > longest) {
		sim_find("%d not ended, %d to come, %d queued; %s", n,
			 devices_to_come(), broker_queued(), text);
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
	       (sim.calm && devices_to_come() == 0 && broker_queued() == 0 &&
		oracle_open(text, sizeof(text)) == 0);
}

void world_begin(void)
{
	devices_begin();
	sim_at(SIM_S, tick, NULL, 0);
	sim_at(sim.plan.trouble_us, calm, NULL, 0);
	sim_at(sim.plan.trouble_us + 5 * SIM_S, begin_look, NULL, 0);
}
