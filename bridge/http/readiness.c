#include "bridge/http/readiness.h"

#include <stdio.h>
#include <string.h>

#include "bridge/kafka/asker.h"
#include "bridge/kafka/consumer.h"
#include "bridge/kafka/producer.h"
#include "bridge/life/bridge.h"
#include "bridge/mqtt/intake.h"
#include "bridge/mqtt/outlet.h"
#include "bridge/registrar/registrar.h"

static void part(struct readiness *r, const char *name, const char *why)
{
	struct readiness_part *p = &r->parts[r->count++];

	p->name = name;
	p->ok = why == NULL;
	snprintf(p->why, sizeof(p->why), "%s", why ? why : "");
}

static const char *kafka_trouble(const struct bridge *b,
				 const struct asker_news *news)
{
	if (consumer_shared(b->consumer))
		return "group shared";
	if (!news->up)
		return "not connected";
	if (*news->missing)
		return "a topic is missing";
	if (!consumer_complete(b->consumer))
		return "no assignment yet";
	return producer_ok(b->producer) ? NULL : "records are not taken";
}

static const char *mqtt_trouble(const struct bridge *b)
{
	const struct outlet *outlet = b->outlet;
	const char *why = NULL;

	if (intake_paused(b->intake))
		return "intake is paused";
	if (intake_connected(b->intake) && outlet_connected(outlet))
		return NULL;
	if (!outlet_connected(outlet))
		why = refusal_text(outlet_refusal(outlet),
				   b->core.config->mqtt.version);
	if (!why && !intake_connected(b->intake))
		why = refusal_text(intake_refusal(b->intake),
				   b->core.config->mqtt.version);
	return why ? why : "not connected";
}

void bridge_readiness(const struct bridge *b, struct readiness *r)
{
	struct asker_news news;

	memset(r, 0, sizeof(*r));
	asker_news_get(b->asker, &news);
	part(r, "mqtt", mqtt_trouble(b));
	part(r, "kafka", kafka_trouble(b, &news));
	part(r, "store",
	     !b->store_ok  ? "cannot be written"
	     : !b->disk_ok ? "the disk is nearly full"
	     : b->blocked  ? "max_requests is reached"
			   : NULL);
	if (b->registrar)
		part(r, "gate",
		     registrar_ready(b->registrar)
			     ? NULL
			     : "does not answer or does not agree");
}
