#include "bridge/readiness.h"

#include <stdio.h>
#include <string.h>

#include "bridge/asker.h"
#include "bridge/consumer.h"
#include "bridge/intake.h"
#include "bridge/outlet.h"
#include "bridge/producer.h"
#include "bridge/registrar.h"

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

void bridge_readiness(const struct bridge *b, struct readiness *r)
{
	struct asker_news news;
	const char *mqtt = NULL;

	memset(r, 0, sizeof(*r));
	asker_news_get(b->asker, &news);
	if (intake_paused(b->intake))
		mqtt = "intake is paused";
	else if (!intake_connected(b->intake) || !outlet_connected(b->outlet))
		mqtt = "not connected";
	part(r, "mqtt", mqtt);
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
