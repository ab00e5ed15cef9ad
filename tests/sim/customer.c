/* The customer, who decides, alone or in transactions, and strangers, who write
 * what nobody asked for. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/cluster.h"
#include "tests/sim/sim.h"
#include "tests/sim/world.h"

#define RETRY_US (500 * SIM_MS)

/* A decision on its way. */
struct decision {
	struct asked *asked;
	enum verdict verdict;
	struct transaction *transaction; /* NULL: of none */
	int partition;
	int64_t offset;
};

static sim_event write_decision, end_transaction;

static struct topic *decisions(void)
{
	return &cluster.topics[CLUSTER_DECISIONS];
}

static bool can_write(void)
{
	return cluster_answers() && !decisions()->missing;
}

/* --- transactions: mostly over in a moment, some kept open, some aborted */

static void end_transaction(void *arg, int64_t commit)
{
	struct decision *d = arg;

	if (!cluster_answers()) {
		sim_at(RETRY_US, end_transaction, d, commit);
		return;
	}
	if (!d->transaction->open) /* with its topic */
		return;
	if (commit)
		oracle_wrote(d->partition, d->offset, WROTE_DECISION, d->asked,
			     d->verdict);
	else
		oracle_wrote(d->partition, d->offset, WROTE_ABORTED, d->asked,
			     d->verdict);
	cluster_end(d->transaction, commit);
	if (!commit && sim_odds(2)) { /* once more */
		d->transaction = NULL;
		sim_at(sim_delay(SIM_MS, 2 * SIM_S), write_decision, d, 0);
	}
}

static void append(struct decision *d, const char *text, size_t n)
{
	const struct device *device = world_device(d->asked->device);
	size_t len = strlen(device->path);
	int partition = cluster_partition(decisions(), device->path, len);

	d->partition = partition;
	d->offset = decisions()->logs[partition].end;
	if (sim_odds(sim.plan.transactions)) {
		d->transaction = sim_alloc(sizeof(*d->transaction));
		sim_at(sim_delay(SIM_MS, 20 * SIM_S), end_transaction, d,
		       !sim_odds(3));
		cluster_append_to(d->transaction, decisions(), partition,
				  device->path, len, text, n, NULL);
		return;
	}
	/* Before it is appended: there it is in time, or it is not. */
	oracle_wrote(partition, d->offset, WROTE_DECISION, d->asked,
		     d->verdict);
	cluster_append(decisions(), partition, device->path, len, text, n,
		       NULL);
}

static void write_decision(void *arg, int64_t n)
{
	struct decision *d = arg;
	char text[512];
	int len;

	(void)n;
	if (!can_write()) {
		sim_at(RETRY_US, write_decision, d, 0);
		return;
	}
	len = snprintf(text, sizeof(text),
		       "{\"request_id\":\"%s\",\"device_path\":\"%s\","
		       "\"decision\":\"%s\",\"payload\":{\"n\":%d,"
		       "\"load\":\"" WORLD_LOAD "\"}}",
		       d->asked->id, world_device(d->asked->device)->path,
		       d->verdict == APPROVED ? "approve" : "reject",
		       d->asked->device);
	sim.stats->decisions++;
	append(d, text, (size_t)len);
}

/* --- what is decided */

static void decide_in(struct asked *asked, enum verdict verdict, int64_t us)
{
	struct decision *d = sim_alloc(sizeof(*d));

	*d = (struct decision){.asked = asked, .verdict = verdict};
	sim_at(us > 0 ? us : 0, write_decision, d, 0);
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
		decide_in(asked,
			  sim_odds(3) ? (enum verdict)(REJECTED + APPROVED -
						       verdict)
				      : verdict,
			  delay + sim_delay(0, 2 * SIM_S));
		break;
	default:
		break;
	}
	decide_in(asked, verdict, delay);
}

static void repeat(struct asked *asked)
{
	if (asked->verdict != UNDECIDED && !*asked->outcome && sim_odds(2))
		decide_in(asked, asked->verdict, sim_delay(SIM_MS, 20 * SIM_S));
}

void customer_repeat(void)
{
	oracle_each(repeat);
}

/* --- strangers */

static char key[1000000];

static void stranger_writes(enum written what, const char *text, size_t n)
{
	int partition = (int)sim_between(0, decisions()->partitions - 1);
	size_t len = 30;

	if (sim_odds(4)) /* its key is the writer's own affair */
		len = sim_odds(2) ? 999600 : (size_t)sim_between(0, 999000);
	memset(key, 'k', len);
	sim_trace("stranger", (int64_t)len, (int64_t)n);
	oracle_wrote(partition, decisions()->logs[partition].end, what, NULL,
		     UNDECIDED);
	cluster_append(decisions(), partition, key, len, text, n, NULL);
}

/* About nothing; about another device's request; no decision at all. */
static void stranger(void *arg, int64_t n)
{
	const struct asked *asked = arg;
	const char *id = asked->id, *path = world_device(0)->path;
	enum written what = WROTE_MISMATCH;
	char text[512], none[32];
	int len;

	if (!can_write())
		return;
	if (sim_odds(4)) {
		stranger_writes(WROTE_RUBBISH, "approve everybody", 17);
		return;
	}
	if (sim_odds(2) || asked->device / 2 == 0) {
		snprintf(none, sizeof(none), "none-%lld", (long long)n);
		id = none;
		what = WROTE_UNKNOWN;
	}
	len = snprintf(text, sizeof(text),
		       "{\"request_id\":\"%s\",\"device_path\":\"%s\","
		       "\"decision\":\"approve\"}",
		       id, path);
	stranger_writes(what, text, (size_t)len);
}

/* --- what Kafka tells */

void world_uncommitted(enum cluster_topic topic, int partition,
		       const struct record *record)
{
	struct asked *asked;

	(void)partition;
	if (topic == CLUSTER_REQUESTS && sim_odds(sim.plan.hasty)) {
		asked = oracle_foreseen(record);
		if (asked)
			decide_in(asked, sim_odds(5) ? REJECTED : APPROVED,
				  sim_delay(2 * SIM_MS, 2 * SIM_S));
		world_group_seen();
	}
}

void world_record(enum cluster_topic topic, int partition,
		  const struct record *record)
{
	struct asked *asked;
	bool first;

	(void)partition;
	if (topic == CLUSTER_DECISIONS)
		return;
	if (sim.plan.bridges)
		oracle_group_committed(topic, record);
	if (topic >= CLUSTER_STATE)
		return;
	oracle_scan_record(topic, record);
	if (topic == CLUSTER_RESULTS)
		oracle_result(record);
	else if (topic == CLUSTER_DLQ)
		oracle_dead_letter(record);
	else if (topic == CLUSTER_AUDIT)
		oracle_audit(record);
	if (topic != CLUSTER_REQUESTS)
		return;
	asked = oracle_request(record, &first);
	if (!asked || !first)
		return;
	decide(asked);
	if (sim_odds(sim.plan.strangers))
		sim_at(sim_delay(0, SIM_S), stranger, asked,
		       (int64_t)sim.stats->inputs);
}
