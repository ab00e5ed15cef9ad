/* Events that cannot be read, each wrong in a way of its own and with a secret in
 * it, and the gate's audit records. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/broker.h"
#include "tests/sim/sim.h"
#include "tests/sim/world.h"

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
	(void)broker_offer(audit ? "ztp/v1/audit" : "ztp/v1/pending", text,
			   (size_t)len, (audit ? TAG_AUDIT : TAG_BAD) + n);
}
