#include "bridge/life/proving.h"

#include "bridge/mqtt/mqtt_out.h"
#include "bridge/registrar/broker_probe.h"

#define LASTS_MS 10000 /* an answer proves nothing after that */

bool proving_is_proven(const struct proving *p, int64_t now)
{
	return p->answered_at != 0 && now - p->answered_at < LASTS_MS;
}

bool proving_ask(struct proving *p, struct bridge *b, int losses)
{
	if (losses < ZTP_LOSSES_UNPROVEN || p->lost ||
	    proving_is_proven(p, b->core.now))
		return false;
	p->asked = broker_probe_publish(b->mqtt_out, &p->mid) == 0;
	return p->asked;
}

bool proving_puback(struct proving *p, int mid, int64_t now)
{
	if (!p->asked || mid != p->mid)
		return false;
	p->asked = false;
	proving_answered(p, now);
	return true;
}

void proving_answered(struct proving *p, int64_t now)
{
	p->answered_at = now;
	p->lost = false;
}

void proving_down(struct proving *p, struct bridge *b)
{
	if (p->asked)
		log_warn(b->core.log, "mqtt_takes_nothing",
			 LOG_STR("hint",
				 "the broker ended the connection for an empty "
				 "message to " ZTP_MQTT_PROBE
				 "# as well, so no command is given up for "
				 "that: is its disk full, or the topic "
				 "denied?"));
	*p = (struct proving){.lost = p->asked};
}
