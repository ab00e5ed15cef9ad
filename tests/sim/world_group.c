/*
 * What happens to one of several bridges: it is stopped and goes on (a zombie),
 * and it is cut off, from Kafka, from the broker, or from both, one way or both.
 * Who is killed, and whose disk is lost with it, is run.c's.
 *
 * Some of it comes at the moment that matters: one is killed when somebody has seen
 * its turn uncommitted, and stopped when Kafka has been told to commit it.
 */
#include "tests/sim/broker.h"
#include "tests/sim/kafka_handle.h"
#include "tests/sim/sim.h"
#include "tests/sim/world.h"

#define KAFKA  1
#define BROKER 2

static struct process *any(void)
{
	return &processes[sim_between(0, process_count - 1)];
}

/* Mostly about as long as a session, which is when it matters. */
static int64_t some_time(void)
{
	int64_t session = sim.plan.session_ms * SIM_MS;

	return sim_odds(3) ? sim_between(SIM_MS, 6 * session)
			   : sim_between(session / 2, 2 * session);
}

static void goes_on(void *arg, int64_t life)
{
	struct process *p = arg;

	if (!p->stopped || p->life != (uint64_t)life)
		return;
	sim_input("goes on", p->number, 0);
	process_continue(p);
}

static void stop(struct process *p)
{
	if (!p->alive || p->stopped)
		return;
	sim_input("is stopped", p->number, 0);
	process_stop(p);
	sim_at(some_time(), goes_on, p, (int64_t)p->life);
}

static void stops(void *arg, int64_t life)
{
	struct process *p = arg;

	if (p->life == (uint64_t)life && !sim.calm)
		stop(p);
}

static void dies(void *arg, int64_t life)
{
	struct process *p = arg;

	if (p->life != (uint64_t)life || p->stopped || sim.calm)
		return;
	sim_input("is torn", p->number, 0);
	process_kill(p);
}

void world_commits(struct process *p)
{
	if (sim_odds(sim.plan.zombies))
		sim_at(sim_between(0, 5 * SIM_MS), stops, p, (int64_t)p->life);
}

void world_group_seen(void)
{
	int by = oracle_reigns();

	if (by >= 0 && sim_odds(sim.plan.torn))
		sim_at(sim_between(0, 5 * SIM_MS), dies, &processes[by],
		       (int64_t)processes[by].life);
}

static void cut(void)
{
	struct process *p = any();
	int64_t what = sim_between(KAFKA, KAFKA | BROKER), us = some_time();

	p->deaf = sim_odds(2);
	sim_input("is cut off", p->number, what);
	if (what & KAFKA)
		p->kafka_cut = sim.now + us;
	if (what & BROKER) {
		p->broker_cut = sim.now + us;
		broker_cut(p);
	}
}

void world_group_trouble(void)
{
	if (sim_odds(sim.plan.zombies))
		stop(any());
	if (sim_odds(sim.plan.cuts))
		cut();
}

void world_group_calm(void)
{
	int i;

	for (i = 0; i < process_count; i++) {
		processes[i].kafka_cut = processes[i].broker_cut = 0;
		goes_on(&processes[i], (int64_t)processes[i].life);
	}
}

int64_t world_member_seen(int bridge)
{
	return member_seen(&processes[bridge]);
}

void world_claims(const struct process *of)
{
	if (sim.plan.bridges)
		oracle_claims(of->number);
}

void world_spoken(void)
{
	oracle_speaks();
}
