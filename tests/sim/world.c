/* What goes wrong, until it is calm, and when all has come to an end. */
#include "tests/sim/world.h"

#include <signal.h>

#include "tests/sim/broker.h"
#include "tests/sim/disk.h"
#include "tests/sim/gate.h"
#include "tests/sim/kafka_handle.h"
#include "tests/sim/sim.h"
#include "tests/sim/system.h"

static struct topic *any_topic(void)
{
	return &cluster.topics[sim_between(0, CLUSTER_AUDIT)];
}

static struct process *any_bridge(void)
{
	return &processes[sim_between(0, process_count - 1)];
}

static void lose_leader(void)
{
	struct topic *topic = any_topic();

	sim_input("leader lost", topic - cluster.topics, 0);
	topic->logs[sim_between(0, topic->partitions - 1)].leaderless =
		sim.now + sim_delay(50 * SIM_MS, 8 * SIM_S);
}

static void disk_over(void *arg, int64_t n)
{
	(void)arg;
	disk_fill((int)n, false);
	disk_fail((int)n, false);
	disk_slow((int)n, false);
}

static void trouble_disk(void)
{
	int64_t what = sim_between(0, 2);
	int of = sim.plan.bridges ? any_bridge()->number : 0;

	sim_input("disk trouble", what, 0);
	disk_fill(of, what == 0);
	disk_fail(of, what == 1);
	disk_slow(of, what == 2);
	sim_at(sim_delay(200 * SIM_MS, 10 * SIM_S), disk_over, NULL, of);
}

/* --- topics */

static void make_anew(void *arg, int64_t partitions)
{
	struct topic *topic = arg;

	if (!topic->missing)
		return;
	sim_input("topic is made", topic - cluster.topics, partitions);
	cluster_make(topic, (int)partitions);
	if (topic == &cluster.topics[CLUSTER_DECISIONS])
		customer_repeat();
}

/* Deleted and made anew, or it has more partitions from now on. */
static void change_topic(void)
{
	struct topic *topic = any_topic();

	if (topic->missing)
		return;
	if (sim_odds(3) && topic->partitions < CLUSTER_PARTITIONS) {
		topic->partitions++;
		sim_input("partition is added", topic - cluster.topics,
			  topic->partitions);
		return;
	}
	if (topic == &cluster.topics[CLUSTER_DECISIONS])
		oracle_decisions_lost();
	cluster_delete(topic);
	sim_at(sim_delay(20 * SIM_MS, 20 * SIM_S), make_anew, topic,
	       sim_odds(2) ? topic->partitions
			   : sim_between(1, CLUSTER_PARTITIONS));
}

static void widen(void *arg, int64_t n)
{
	(void)n;
	((struct topic *)arg)->max_bytes = CLUSTER_MAX_BYTES;
}

/* Somebody sets max.message.bytes too low, and mends it. A dead letter has to
 * fit as soon as it has been cut. Or it is something else about a record that the
 * broker cannot stand, and does not say. */
static void narrow(void)
{
	struct topic *topic = any_topic();
	bool letters = topic == &cluster.topics[CLUSTER_DLQ];

	topic->max_bytes = (size_t)sim_between(letters ? 1500 : 100, 4000);
	sim_input("small bound", topic - cluster.topics,
		  (int64_t)topic->max_bytes);
	topic->misleads = sim_odds(2);
	sim_at(topic->misleads ? sim_delay(20 * SIM_S, 90 * SIM_S)
			       : sim_delay(SIM_S, 20 * SIM_S),
	       widen, topic, 0);
}

/* --- every second */

static void trouble_broker(void)
{
	if (sim_odds(sim.plan.lose_connection))
		broker_lose(sim_odds(2), sim_odds(20) ? TAKEN_OVER : 0);
	if (sim_odds(10 * sim.plan.lose_connection))
		broker_go_away(sim_delay(100 * SIM_MS, 10 * SIM_S));
	if (sim_odds(sim.plan.forget_session)) {
		broker_forget();
		devices_lose_connection();
	}
	if (sim_odds(sim.plan.bad_events))
		letters_send();
	if (sim.plan.gate && sim_odds(sim.plan.withdraw))
		gate_withdraw_any();
	if (sim.plan.gate && sim_odds(sim.plan.resend))
		gate_resend_any();
}

static void trouble_kafka(void)
{
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
	if (sim_odds(sim.plan.topics_anew))
		change_topic();
	if (sim_odds(sim.plan.small_bounds))
		narrow();
}

static void tick(void *arg, int64_t n)
{
	(void)arg;
	(void)n;
	if (sim.calm)
		return;
	trouble_broker();
	trouble_kafka();
	if (sim_odds(sim.plan.jumps) && sim.plan.bridges) {
		struct process *p = any_bridge();

		p->skew = sim_between(-60 * SIM_S, 60 * SIM_S);
		sim_input("clock of one is set", p->number, p->skew);
	} else if (sim_odds(sim.plan.jumps)) {
		sim.wall_skew += sim_between(-60 * SIM_S, 60 * SIM_S);
		sim_input("clock is set", sim.wall_skew, 0);
	}
	if (sim_odds(sim.plan.disk_trouble))
		trouble_disk();
	if (sim_odds(40))
		system_signal(NULL, SIGHUP);
	world_group_trouble();
	if (sim_odds(60))
		system_signal(sim.plan.bridges ? any_bridge() : NULL, SIGTERM);
	sim_at(SIM_S, tick, NULL, 0);
}

/* --- when it is over */

static void calm_topic(struct topic *topic)
{
	int p;

	topic->denied = 0;
	topic->max_bytes = CLUSTER_MAX_BYTES;
	make_anew(topic, topic->partitions);
	for (p = 0; p < CLUSTER_PARTITIONS; p++)
		topic->logs[p].leaderless = 0;
}

static void calm(void *arg, int64_t n)
{
	int i;

	(void)arg;
	(void)n;
	sim_trace("calm", 0, 0);
	sim.calm = true;
	for (i = 0; i < process_count; i++)
		processes[i].crash_in = 0;
	for (i = 0; i < process_count; i++)
		disk_over(NULL, i);
	world_group_calm();
	cluster.away = 0;
	broker_fill(0);
	consumer_share(false);
	for (i = 0; i < cluster.count; i++)
		calm_topic(&cluster.topics[i]);
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
	if (sim.plan.bridges && oracle_group_silent() > ORACLE_SILENT_US)
		n += snprintf(text, sizeof(text), "stuck: nobody is active") >
		     0;
	if (n == 0 && devices_to_come() == 0 && broker_queued() == 0) {
		system_signal(NULL, SIGTERM);
	} else if (sim.now - since > longest) {
		sim_find("%d not ended, %d to come, %d queued; %s", n,
			 devices_to_come(), broker_queued(), text);
		system_signal(NULL, SIGTERM);
	}
	sim_at(SIM_S, look, NULL, since);
}

static void begin_look(void *arg, int64_t n)
{
	(void)n;
	look(arg, sim.now);
}

void world_logged(const char *line, size_t n)
{
	oracle_scan("log", line, n);
}

bool world_is_done(void)
{
	char text[256];

	return sim.stats->findings > 0 ||
	       (sim.calm && devices_to_come() == 0 && broker_queued() == 0 &&
		oracle_open(text, sizeof(text)) == 0);
}

static void fill_broker(void *arg, int64_t n)
{
	(void)arg;
	(void)n;
	broker_fill(sim.plan.full_ms * SIM_MS);
}

void world_begin(void)
{
	int64_t trouble = sim.plan.trouble_us - sim.now;

	devices_begin();
	sim_at(SIM_S, tick, NULL, 0);
	if (sim.plan.full_ms > 0)
		sim_at(sim_between(0, trouble / 2), fill_broker, NULL, 0);
	sim_at(trouble, calm, NULL, 0);
	sim_at(trouble + 5 * SIM_S, begin_look, NULL, 0);
}
