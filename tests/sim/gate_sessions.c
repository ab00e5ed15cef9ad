/* Devices at the played gate: who is let in, and what the bridge is told. */
#include <inttypes.h>
#include <stdio.h>

#include "tests/sim/gate.h"
#include "tests/sim/sim.h"
#include "ztp/gate_protocol.h"

struct device *gate_holder(const struct device *d)
{
	struct device *other = world_device(d->number ^ 1);

	if (d->at_gate == GATE_DEVICE)
		return world_device(d->number);
	return other->exists && other->at_gate == GATE_DEVICE ? other : NULL;
}

/* One certificate at a time; the other one of the path may be a candidate, but
 * does not come in. */
static bool is_taken(const struct device *d)
{
	const struct device *other = world_device(d->number ^ 1);

	return other->exists && other->live;
}

static bool is_let_in(const struct device *d, bool by_certificate)
{
	if (is_taken(d))
		return false;
	if (d->at_gate == GATE_CANDIDATE)
		return by_certificate && sim.plan.hold;
	return d->at_gate == GATE_DEVICE;
}

bool gate_connect(struct device *d, bool by_certificate)
{
	if (d->at_gate == GATE_UNKNOWN && by_certificate && !gate_holder(d))
		gate_begin(d);
	if (!is_let_in(d, by_certificate))
		return false;
	d->live = true;
	d->subscribed = false;
	d->by_certificate = by_certificate;
	snprintf(d->connection, sizeof(d->connection), "%016" PRIx64,
		 sim_random());
	return true;
}

void gate_leave(struct device *d)
{
	d->live = d->subscribed = false;
}

void gate_subscribe(struct device *d)
{
	if (!d->live)
		return;
	d->subscribed = true;
	gate_tell_subscribed(d, false);
}

void gate_tell_subscribed(const struct device *d, bool again)
{
	char text[512];
	int len;

	len = snprintf(text, sizeof(text),
		       "{\"device_path\":\"%s\",\"fingerprint_sha256\":\"%s\","
		       "\"state\":\"%s\"%s%s}",
		       d->path, d->cert.hex,
		       d->at_gate == GATE_DEVICE ? ZTP_SESSION_DEVICE
						 : ZTP_SESSION_HELD,
		       gate_connection(d), again ? ",\"again\":true" : "");
	gate_say(ZTP_MQTT_SUBSCRIBED, text, (size_t)len);
}

const char *gate_live(const struct device *d)
{
	static const char *const said[] = {
		",\"live\":false,\"subscribed\":false",
		",\"live\":true,\"subscribed\":false",
		",\"live\":true,\"subscribed\":true"};

	return said[d->live + d->subscribed];
}

const char *gate_connection(const struct device *d)
{
	static char text[96];

	snprintf(text, sizeof(text),
		 ",\"connection\":\"%s\",\"credential\":\"%s\"", d->connection,
		 d->by_certificate ? ZTP_CREDENTIAL_CERTIFICATE
				   : ZTP_CREDENTIAL_UNUSED);
	return d->live ? text : "";
}
