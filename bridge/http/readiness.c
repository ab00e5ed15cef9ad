#include "bridge/http/readiness.h"

#include <stdio.h>
#include <string.h>

#include "bridge/kafka/consumer.h"
#include "bridge/kafka/probe.h"
#include "bridge/kafka/producer.h"
#include "bridge/life/bridge.h"
#include "bridge/mqtt/mqtt_in.h"
#include "bridge/mqtt/mqtt_out.h"
#include "bridge/registrar/registrar.h"

static void add_part(struct readiness *r, const char *name, const char *why)
{
	struct readiness_part *p = &r->parts[r->count++];

	p->name = name;
	p->ok = why == NULL;
	snprintf(p->why, sizeof(p->why), "%s", why ? why : "");
}

static const char *kafka_problem(const struct bridge *b,
				 const struct probe_status *status)
{
	if (consumer_shared(b->consumer))
		return "group shared";
	if (!status->up)
		return "not connected";
	if (*status->missing)
		return "a topic is missing";
	if (!consumer_complete(b->consumer))
		return "no assignment yet";
	return producer_ok(b->producer) ? NULL : "records are not accepted";
}

static const char *mqtt_problem(const struct bridge *b)
{
	const struct mqtt_out *mqtt_out = b->mqtt_out;
	const char *why = NULL;

	if (mqtt_in_paused(b->mqtt_in))
		return "intake is paused";
	if (mqtt_in_connected(b->mqtt_in) && mqtt_out_connected(mqtt_out))
		return NULL;
	if (!mqtt_out_connected(mqtt_out))
		why = refusal_text(mqtt_out_refusal(mqtt_out),
				   b->core.config->mqtt.version);
	if (!why && !mqtt_in_connected(b->mqtt_in))
		why = refusal_text(mqtt_in_refusal(b->mqtt_in),
				   b->core.config->mqtt.version);
	return why ? why : "not connected";
}

void bridge_readiness(const struct bridge *b, struct readiness *r)
{
	struct probe_status status;

	memset(r, 0, sizeof(*r));
	probe_status_get(b->probe, &status);
	add_part(r, "mqtt", mqtt_problem(b));
	add_part(r, "kafka", kafka_problem(b, &status));
	add_part(r, "store",
		 !b->store_ok  ? "cannot be written"
		 : !b->disk_ok ? "the disk is nearly full"
		 : b->blocked  ? "max_requests has been reached"
			       : NULL);
	if (b->registrar)
		add_part(r, "gate",
			 registrar_ready(b->registrar)
				 ? NULL
				 : "no answer, or another command topic");
}
