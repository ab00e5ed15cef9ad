/*
 * What is asked of several bridges beside what is asked of one (CLUSTER.md,
 * section 3).
 *
 * - Who reads what is committed sees each result once: by its ce_id, of which no
 *   second one is committed but for what is said anew on purpose. A request is
 *   there once for each announcement: more often than its device came, it is
 *   announced twice.
 * - Who reads what is not committed may see something that is undone, and the same
 *   again: under one id it is about one device.
 * - Its answer is heard: for a minute after a takeover it is not refused as one for
 *   an unknown request, if that request appears after all.
 * - What goes by a journal into a topic is there once for each entry, by its ce_id.
 * - Who becomes active is a member of the group when all others are fenced: no other
 *   one has its place.
 * - Who was taken over says nothing beside the next one: not after a look at its
 *   lease since that one spoke. (What it does between the look and its word is no
 *   matter: it may be stopped there.)
 * - In the end one is active: it says so once a second (its lease).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/oracle_internal.h"
#include "tests/sim/sim.h"
#include "tests/sim/world.h"

#define BUCKETS	    8192
#define RENOTIFY_US (600 * SIM_S) /* onboarding.renotify_interval */

/* What somebody has seen of a topic under an id. */
static struct seen {
	uint64_t id, content;
	int times;
	struct seen *next;
} * table[CLUSTER_TOPICS][BUCKETS];

static struct seen *see(enum cluster_topic topic, uint64_t id)
{
	struct seen **at = &table[topic][id % BUCKETS], *seen = *at;

	while (seen && seen->id != id)
		seen = seen->next;
	if (!seen) {
		seen = sim_alloc(sizeof(*seen));
		seen->id = id;
		seen->next = *at;
		*at = seen;
	}
	return seen;
}

/* A result's id is a hash of what it is about (DESIGN, section 11). */
static void see_result(const struct record *r)
{
	char id[80], outcome[24], request[132];
	struct seen *seen;

	oracle_text(r->value, r->value_len, "request_id", request,
		    sizeof(request));
	oracle_header(r, "ce_id", id, sizeof(id));
	oracle_text(r->value, r->value_len, "outcome", outcome,
		    sizeof(outcome));
	seen = see(CLUSTER_RESULTS, sim_hash(id, strlen(id)));
	/* One that was told again since may end so again. */
	if (seen->times++ > 0 && strcmp(outcome, "undeliverable") != 0)
		sim_find("twice: %s of %s is committed twice, as %s", outcome,
			 request, id);
}

/* Each time that its device came may be one, and it may be announced anew when
 * its gate offers it again: not within what the setting says. */
static void see_request(const struct record *r)
{
	char id[132];
	struct seen *seen;
	int64_t last;

	oracle_text(r->value, r->value_len, "request_id", id, sizeof(id));
	seen = see(CLUSTER_REQUESTS, sim_hash(id, strlen(id)));
	last = (int64_t)seen->content;
	if (seen->times++ > 0 && sim.plan.jumps == 0 &&
	    r->at - last < RENOTIFY_US - 5 * SIM_S)
		sim_find("twice: request %s is announced again after %.3f s",
			 id, (double)(r->at - last) / 1e6);
	seen->content = (uint64_t)r->at;
}

/* Dead letters and audit records have nothing else by which two would be one. */
static void see_letter(enum cluster_topic topic, const struct record *r)
{
	char id[80];

	oracle_header(r, "ce_id", id, sizeof(id));
	if (*id && see(topic, sim_hash(id, strlen(id)))->times++ > 0)
		sim_find("twice: %s is committed twice in %s", id,
			 cluster.topics[topic].name);
}

/* --- who is active */

static struct {
	int by; /* -1: nobody yet */
	int64_t at;
} reign;

static struct {
	int64_t looked_at;  /* at its lease */
	int64_t over_at;    /* another one has said that it is active */
	int64_t claimed_at; /* 0: it has been active since */
} bridges[PROCESSES_MAX];

static struct {
	int by;
	int64_t at;
} voice; /* who spoke last, and when */

static int64_t held_until; /* decisions for unknown ids */

/* The row `active` names its bridge, in letters that its random epoch has not. */
static int named(const struct record *r)
{
	int i;

	if (r->key_len != strlen("active") ||
	    memcmp(r->key, "active", r->key_len) != 0 || !r->value)
		return -1;
	for (i = 0; i < process_count; i++) {
		char name[16];
		int n = snprintf(name, sizeof(name), "bridge%d", i);

		if (memmem(r->value, r->value_len, name, (size_t)n))
			return i;
	}
	return -1;
}

static void know(struct asked *asked)
{
	if (asked->times > 0 && asked->known_at == 0 &&
	    asked->read_at < sim.now)
		asked->known_at = sim.now;
}

static void see_claim(int by)
{
	int64_t claimed = bridges[by].claimed_at;

	bridges[by].claimed_at = 0;
	if (claimed != 0 && world_member_seen(by) < claimed)
		sim_find("beside: bridge %d is active, and was no member when "
			 "it fenced all others",
			 by);
}

static void see_row(const struct record *r)
{
	int by = named(r);

	if (by < 0)
		return;
	/* A claim says nothing of when the last turn before it was, which its bridge
	 * judges in its own first turn. */
	if (bridges[by].claimed_at == 0)
		oracle_each(know);
	see_claim(by);
	if (by != reign.by)
		sim_input("reigns", by, reign.by);
	if (by != reign.by && reign.by >= 0)
		bridges[reign.by].over_at = sim.now;
	reign.by = by;
	reign.at = sim.now;
}

void oracle_claims(int bridge)
{
	bridges[bridge].claimed_at = sim.now;
}

int oracle_reigns(void)
{
	return reign.by;
}

int64_t oracle_group_silent(void)
{
	return sim.now - reign.at;
}

/* --- who speaks */

void oracle_looks(void)
{
	bridges[sim.me->number].looked_at = sim.now;
}

void oracle_speaks(void)
{
	int me = sim.me->number;

	if (!sim.plan.bridges)
		return;
	if (me != reign.by && me != voice.by &&
	    voice.at > bridges[me].over_at && voice.at < bridges[me].looked_at)
		sim_find("beside: bridge %d speaks, and %d has since %.3f s",
			 me, voice.by, (double)(sim.now - voice.at) / 1e6);
	voice.by = me;
	voice.at = sim.now;
}

/* --- answers to questions that are not committed */

#define HOLD_US (60 * SIM_S)

void oracle_takes_over(bool left)
{
	if (!left)
		held_until = sim.now + HOLD_US;
}

/* Where wall clocks are set, so is its end. */
bool oracle_holds(void)
{
	return sim.plan.bridges && sim.plan.jumps == 0 &&
	       sim.now < held_until - SIM_S;
}

void oracle_group_begin(void)
{
	memset(table, 0, sizeof(table));
	memset(bridges, 0, sizeof(bridges));
	voice.by = -1;
	voice.at = held_until = 0;
	reign.by = -1;
	reign.at = sim.now;
}

void oracle_group_committed(enum cluster_topic topic, const struct record *r)
{
	if (topic == CLUSTER_RESULTS)
		see_result(r);
	else if (topic == CLUSTER_REQUESTS)
		see_request(r);
	else if (topic == CLUSTER_DLQ || topic == CLUSTER_AUDIT)
		see_letter(topic, r);
	else if (topic == CLUSTER_STATE)
		see_row(r);
}
