/* The customer, who decides, and strangers, who write what nobody asked for. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/cluster.h"
#include "tests/sim/sim.h"
#include "tests/sim/world.h"

static void write_decision(void *arg, int64_t verdict)
{
	struct topic *topic = &cluster.topics[CLUSTER_DECISIONS];
	struct asked *asked = arg;
	const struct device *d = world_device(asked->device);
	char text[512];
	int n;

	if (!cluster_answers()) {
		sim_at(500 * SIM_MS, write_decision, asked, verdict);
		return;
	}
	n = snprintf(text, sizeof(text),
		     "{\"request_id\":\"%s\",\"device_path\":\"%s\","
		     "\"decision\":\"%s\",\"payload\":{\"n\":%d}}",
		     asked->id, d->path,
		     verdict == APPROVED ? "approve" : "reject", d->number);
	sim.stats->decisions++;
	/* Before it is appended: there it is in time, or it is not. */
	oracle_decided(asked, (enum verdict)verdict, sim.now);
	cluster_append(topic,
		       cluster_partition(topic, d->path, strlen(d->path)),
		       d->path, strlen(d->path), text, (size_t)n, NULL);
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
		sim_at(delay + sim_delay(0, 2 * SIM_S), write_decision, asked,
		       sim_odds(3) ? (int64_t)REJECTED + APPROVED - verdict
				   : verdict);
		break;
	default:
		break;
	}
	sim_at(delay > 0 ? delay : 0, write_decision, asked, verdict);
}

/* Well-formed, about nothing; its key is the writer's own affair. */
static void stranger(void *arg, int64_t n)
{
	struct topic *topic = &cluster.topics[CLUSTER_DECISIONS];
	static char key[1000000];
	size_t len = 30;
	char text[256];
	int size;

	(void)arg;
	if (!cluster_answers())
		return;
	if (sim_odds(4))
		len = sim_odds(2) ? 999600 : (size_t)sim_between(0, 999000);
	memset(key, 'k', len);
	size = snprintf(text, sizeof(text),
			"{\"request_id\":\"none-%lld\",\"device_path\":\"%s\","
			"\"decision\":\"approve\"}",
			(long long)n, world_device(0)->path);
	if (sim_odds(4)) /* no JSON at all */
		size = snprintf(text, sizeof(text), "approve everybody");
	sim_trace("stranger", (int64_t)len, size);
	cluster_append(topic, (int)sim_between(0, topic->partitions - 1), key,
		       len, text, (size_t)size, NULL);
}

void world_record(enum cluster_topic topic, int partition,
		  const struct record *record)
{
	struct asked *asked;
	bool first;

	(void)partition;
	if (topic == CLUSTER_RESULTS)
		oracle_result(record);
	if (topic != CLUSTER_REQUESTS)
		return;
	asked = oracle_request(record, &first);
	if (!asked || !first)
		return;
	decide(asked);
	if (sim_odds(sim.plan.strangers))
		sim_at(sim_delay(0, SIM_S), stranger, NULL,
		       (int64_t)sim.stats->inputs);
}
