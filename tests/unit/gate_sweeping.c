#include "gate_sweeping.h"

#include <stdio.h>
#include <string.h>

#include "gate_disk.h"

int sweeping_teardown(void **state)
{
	gate_disk_set(false, 0);
	gate_broker.settle = gate_settle;
	return gate_teardown(state);
}

int64_t sweeping_withdrawn(struct gate_fixture *f)
{
	static const char sql[] = "SELECT count(*) FROM withdrawn";

	return gate_number(f, sql);
}

int64_t sweeping_left(struct gate_fixture *f)
{
	static const char sql[] = "SELECT count(*) FROM sweeps";

	return gate_number(f, sql);
}

void sweeping_put(struct gate_fixture *f, const char *name, int count,
		  const uint8_t *ca, bool rejected)
{
	if (!ca)
		ca = ztp_ca_cert(gate_registry(f, "custom")->cas[0])
			     ->fingerprint;
	gate_put(f, name, count,
		 (struct gate_rows){.ca = ca,
				    .rejected = rejected,
				    .not_after = GATE_DAY,
				    .retry_at = GATE_DAY});
	gate_tick();
}

struct mosquitto *sweeping_held(struct gate_fixture *f, const char *path)
{
	struct mosquitto *device = gate_first(f, path, 0);

	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	gate_tick();
	return device;
}

void sweeping_send(struct gate_fixture *f, const char *commands)
{
	char json[8192];

	(void)snprintf(json, sizeof(json), "{\"commands\":[%s]}", commands);
	gate_control(f->op, json);
}

void sweeping_remove_ca(struct gate_fixture *f, const char *more)
{
	char text[1024], hex[ZTP_SHA256_HEX];

	ztp_hex_encode(
		hex,
		ztp_ca_cert(gate_registry(f, "custom")->cas[0])->fingerprint,
		ZTP_SHA256_LEN);
	(void)snprintf(text, sizeof(text),
		       "{\"command\":\"removeRegistryCa\",\"registry\":"
		       "\"acme/custom\",\"fingerprint_sha256\":\"%s\","
		       "\"correlationData\":\"removed\"}%s",
		       hex, more);
	sweeping_send(f, text);
}

void sweeping_add_ca(struct gate_fixture *f, const char *code)
{
	gate_says_ca(f, "addRegistryCa", "acme/custom", code);
}

void sweeping_pass(struct gate_fixture *f)
{
	struct ztp_gate *gate = f->gate;

	for (int i = 0; i < 2 * TURNS; i++) {
		gate->sweeps.next = gate->next_second = 0;
		gate_tick();
	}
}
