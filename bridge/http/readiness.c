#include "bridge/http/readiness.h"

#include <stdio.h>
#include <string.h>

#include "bridge/kafka/consumer.h"
#include "bridge/kafka/kafka.h"
#include "bridge/kafka/probe.h"
#include "bridge/kafka/producer.h"
#include "bridge/life/bridge.h"
#include "bridge/mqtt/mqtt_in.h"
#include "bridge/mqtt/mqtt_out.h"
#include "bridge/mqtt/refusal.h"
#include "bridge/registrar/broker_probe.h"
#include "bridge/registrar/registrar.h"

static void add_part(struct bridge *b, struct readiness *r, const char *name,
		     const char *why)
{
	struct readiness_part *p = &r->parts[r->count++];

	p->name = name;
	p->ok = why == NULL;
	p->since = outages_note(&b->outages, name, p->ok, b->core.now);
	snprintf(p->why, sizeof(p->why), "%s", why ? why : "");
}

/* All of them: one at a time they would be created one after the other. */
static const char *topics_problem(char text[READINESS_WHY_MAX],
				  const struct bridge *b,
				  const struct probe_status *status)
{
	unsigned topics = status->missing ? status->missing : status->denied;
	char names[KAFKA_TOPICS_TEXT];

	kafka_topics(names, &b->core, topics);
	snprintf(text, READINESS_WHY_MAX, "%s: %s",
		 status->missing ? "topics are missing" : "no right to topics",
		 names);
	return text;
}

static const char *partition_problem(char text[READINESS_WHY_MAX],
				     int partition, const char *topic,
				     const char *what)
{
	snprintf(text, READINESS_WHY_MAX, "partition %d of %s %s", partition,
		 topic, what);
	return text;
}

static const char *kafka_problem(char text[READINESS_WHY_MAX],
				 const struct bridge *b,
				 const struct probe_status *status)
{
	enum store_topic topic;
	int partition;

	if (consumer_shared(b->consumer))
		return "group shared";
	if (!status->up)
		return "not connected";
	if (status->missing || status->denied)
		return topics_problem(text, b, status);
	if (status->leaderless.count > 0)
		return partition_problem(
			text, status->leaderless.partition,
			kafka_topic(&b->core, status->leaderless.topic),
			"has no leader");
	if (!consumer_may_join(b->consumer))
		return "no right to the group";
	if (!consumer_complete(b->consumer))
		return "no assignment yet";
	if (!consumer_may_read(b->consumer))
		return "no right to read decisions";
	if (consumer_stands(b->consumer, &partition))
		return partition_problem(text, partition,
					 b->core.config->kafka.topics.decisions,
					 "is not read");
	if (producer_silent(b->producer, &topic, &partition))
		return partition_problem(text, partition,
					 kafka_topic(&b->core, topic),
					 "takes nothing");
	return producer_ok(b->producer) ? NULL : "records are not accepted";
}

static const char *mqtt_problem(const struct bridge *b)
{
	const char *out = mqtt_out_problem(b->mqtt_out);
	const char *in = mqtt_in_problem(b->mqtt_in);

	if (mqtt_in_paused(b->mqtt_in))
		return "intake is paused";
	/* That one of them is not connected says least. */
	if (out && (!in || strcmp(out, MQTT_NOT_CONNECTED) != 0))
		return out;
	return in;
}

static const char *gate_problem(char text[READINESS_WHY_MAX],
				const struct bridge *b)
{
	const char *why;

	if (!b->registrar)
		return BROKER_HAS_GATE;
	if (!registrar_ready(b->registrar))
		return "no answer, or another command topic";
	why = registrar_writes_problem(b->registrar);
	if (!why)
		return NULL;
	snprintf(text, READINESS_WHY_MAX, "it writes nothing: %s", why);
	return text;
}

static void add_told(struct bridge *b, struct readiness *r, const char *name,
		     const char *why)
{
	add_part(b, r, name, *why ? why : NULL);
}

/* Of one that is not active. */
static void of_standing(struct bridge *b, struct readiness *r)
{
	if (b->group->has_copy)
		add_told(b, r, "mqtt", b->group->mqtt);
	if (b->group->has_kafka)
		add_told(b, r, "kafka", b->group->kafka);
	if (b->group->has_copy)
		add_told(b, r, "store", b->group->store);
	add_told(b, r, "group", b->group->group);
}

void bridge_readiness(struct bridge *b, struct readiness *r)
{
	char text[READINESS_WHY_MAX];
	struct probe_status status;

	memset(r, 0, sizeof(*r));
	if (b->standing) {
		of_standing(b, r);
		return;
	}
	probe_status_get(b->probe, &status);
	add_part(b, r, "mqtt", mqtt_problem(b));
	add_part(b, r, "kafka", kafka_problem(text, b, &status));
	add_part(b, r, "store",
		 !b->store_ok	? "cannot be written"
		 : !b->disk_ok	? "the disk is nearly full"
		 : b->blocked	? "max_requests has been reached"
		 : b->comparing ? "the requests' command topics are compared"
				: NULL);
	if (b->registrar ||
	    broker_probe_gate(b->broker_probe) == BROKER_SAYS_YES)
		add_part(b, r, "gate", gate_problem(text, b));
	if (b->group)
		add_told(b, r, "group",
			 *b->group->group ? b->group->group : b->group->undone);
}
