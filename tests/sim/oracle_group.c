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

/* --- who is active */

static struct {
	int by; /* -1: nobody yet */
	int64_t at;
} reign;

/* The row `active` names its bridge. */
static int named(const struct record *r)
{
	int i;

	if (r->key_len != strlen("active") ||
	    memcmp(r->key, "active", r->key_len) != 0 || !r->value)
		return -1;
	for (i = 0; i < process_count; i++) {
		char name[16];
		int n = snprintf(name, sizeof(name), "b%d", i);

		if (memmem(r->value, r->value_len, name, (size_t)n))
			return i;
	}
	return -1;
}

static void see_row(const struct record *r)
{
	int by = named(r);

	if (by < 0)
		return;
	if (by != reign.by)
		sim_input("reigns", by, reign.by);
	reign.by = by;
	reign.at = sim.now;
}

int64_t oracle_group_silent(void)
{
	return sim.now - reign.at;
}

void oracle_group_begin(void)
{
	memset(table, 0, sizeof(table));
	reign.by = -1;
	reign.at = sim.now;
}

void oracle_group_committed(enum cluster_topic topic, const struct record *r)
{
	if (topic == CLUSTER_RESULTS)
		see_result(r);
	else if (topic == CLUSTER_REQUESTS)
		see_request(r);
	else if (topic == CLUSTER_STATE)
		see_row(r);
}
