/* Events that cannot be read, each wrong in a way of its own and with a secret in
 * it, and the gate's audit records. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/broker.h"
#include "tests/sim/sim.h"
#include "tests/sim/world.h"
#include "ztp/gate_protocol.h"

#define SECRET_MEMBER "\"password\":\"" WORLD_SECRET "\""

static int numbers;

static int write_bad(char *text, size_t room, int n)
{
	const struct device *d = world_device(0);

	switch (sim_between(0, 5)) {
	case 0:
		return snprintf(text, room, "%d, " WORLD_SECRET, n);
	case 1:
		return snprintf(
			text, room,
			"{\"device_path\":\"%s\",\"attempt\":%d," SECRET_MEMBER
			"}",
			d->path, n);
	case 2:
		return snprintf(text, room,
				"{\"device_path\":\"%s\",\"client_id\":\"%d\","
				"\"certificate\":\"%s\"," SECRET_MEMBER "}",
				d->path, n, d->cert.base64);
	case 3:
		return snprintf(text, room,
				"{\"device_path\":\"%s\",\"attempt\":%d,"
				"\"certificate\":\"%s=\"," SECRET_MEMBER "}",
				d->path, n, d->cert.base64);
	case 4:
		return snprintf(
			text, room,
			"{\"device_path\":\"%s\",\"attempt\":%d," SECRET_MEMBER
			",\"more\":\"%070000d\"}",
			d->path, n, n);
	default:
		return snprintf(text, room,
				"{\"device_path\":\"subscriptions/#/%d\","
				"\"certificate\":\"%s\"," SECRET_MEMBER "}",
				n, d->cert.base64);
	}
}

/* An older gate says them one by one. */
static void send_audit(const char *text, size_t len, int tag)
{
	char list[512];
	int n = snprintf(list, sizeof(list), "[%.*s]", (int)len, text);

	if (sim.plan.gate_commands > 0)
		(void)broker_offer(ZTP_MQTT_AUDITS, list, (size_t)n, tag);
	else
		(void)broker_offer(ZTP_MQTT_AUDIT, text, len, tag);
}

void letters_send(void)
{
	static char text[80000];
	bool audit = sim.plan.gate && sim_odds(2);
	int n = numbers++, len;

	if (n >= ORACLE_LETTERS)
		return;
	if (audit)
		len = snprintf(
			text, sizeof(text),
			"{\"at\":\"2026-02-25T00:00:00.000Z\","
			"\"verdict\":\"refused\",\"code\":\"x\",\"n\":%d}",
			n);
	else
		len = write_bad(text, sizeof(text), n);
	oracle_letter(n, text, (size_t)len);
	if (audit)
		send_audit(text, (size_t)len, TAG_AUDIT + n);
	else
		(void)broker_offer(ZTP_MQTT_PENDING, text, (size_t)len,
				   TAG_BAD + n);
}
