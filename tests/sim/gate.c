/*
 * The played gate's candidates. They are offered until they are acknowledged,
 * and their withdrawals likewise. A device that was rejected or withdrawn comes
 * again when it may, and is a new candidate then.
 */
#include "tests/sim/gate.h"

#include <stdio.h>
#include <string.h>

#include "tests/sim/broker.h"
#include "tests/sim/sim.h"
#include "ztp/gate_protocol.h"

#define OFFER_PAUSE (10 * SIM_S)

static sim_event offer;

/* No password: what the device has proven needs no proof. */
static int write_offer(const struct device *d, char *text, size_t room)
{
	char time[ZTP_TIME_LEN];

	ztp_time_format(time, world_wall_ms(d->received_at));
	return snprintf(text, room,
			"{\"request_id\":\"%s\",\"device_path\":\"%s\","
			"\"certificate\":\"%s\",\"received_at\":\"%s\","
			"\"attempt\":%d,\"remote_addr\":\"192.0.2.%d\"}",
			d->gate_id, d->path, d->cert.base64, time, d->attempt,
			d->number % 250 + 1);
}

static void offer(void *arg, int64_t n)
{
	struct device *d = arg;
	char text[2048];
	int64_t pause = OFFER_PAUSE << (d->offers < 5 ? d->offers : 5);

	if (d->at_gate != GATE_CANDIDATE || d->acked || n != d->attempt)
		return;
	if (broker_offer(ZTP_MQTT_PENDING, text,
			 (size_t)write_offer(d, text, sizeof(text)), d->number))
		d->offers++;
	else
		pause = 2 * SIM_S;
	sim_at(pause, offer, d, n);
}

void gate_begin(struct device *d)
{
	d->at_gate = GATE_CANDIDATE;
	d->acked = false;
	d->offers = 0;
	d->attempt++;
	d->received_at = sim.now;
	snprintf(d->gate_id, sizeof(d->gate_id), "g%d-%d", d->number,
		 d->attempt);
	sim_at(sim_delay(SIM_MS, 20 * SIM_MS), offer, d, d->attempt);
}

/* --- candidates that end */

static void come_again(void *arg, int64_t attempt)
{
	struct device *d = arg;

	if (sim.calm || attempt != d->attempt ||
	    (d->at_gate != GATE_WITHDRAWN && d->at_gate != GATE_REJECTED))
		return;
	d->at_gate = GATE_UNKNOWN;
	device_comes(d);
}

void gate_come_again(struct device *d, int64_t us)
{
	sim_at(us, come_again, d, d->attempt);
}

static void offer_withdrawal(void *arg, int64_t n)
{
	struct device *d = arg;
	char text[512];
	int len;

	if (d->withdrawn_owed == 0)
		return;
	len = snprintf(text, sizeof(text),
		       "{\"request_id\":\"%s\",\"device_path\":\"%s\","
		       "\"fingerprint_sha256\":\"%s\",\"reason\":\"%s\"}",
		       d->withdrawn_id, d->path, d->cert.hex, d->withdrawn_for);
	broker_offer(ZTP_MQTT_WITHDRAWN, text, (size_t)len,
		     TAG_OTHER + d->number);
	sim_at(OFFER_PAUSE, offer_withdrawal, d, n);
}

/* An acknowledgement of the pending event may still be on its way, and would be
 * taken for one of the withdrawal: so two are owed (gate/withdrawn.c). */
void gate_withdraw(struct device *d, const char *reason)
{
	bool offering = d->withdrawn_owed > 0;

	sim_input("candidate is withdrawn", d->number, d->attempt);
	gate_leave(d);
	/* What an operator has rejected is kept until it may come again. */
	d->at_gate = strcmp(reason, ZTP_WHY_REJECTED) == 0 ? GATE_REJECTED
							   : GATE_WITHDRAWN;
	d->withdrawn_owed = d->acked ? 1 : 2;
	d->withdrawn_for = reason;
	snprintf(d->withdrawn_id, sizeof(d->withdrawn_id), "%s", d->gate_id);
	if (!offering)
		sim_at(sim_delay(SIM_MS, 20 * SIM_MS), offer_withdrawal, d, 0);
}

void gate_withdraw_any(void)
{
	static const char *const reasons[] = {
		ZTP_WHY_CA_REMOVED, ZTP_WHY_REJECTED, ZTP_WHY_REGISTRY_DELETED};
	int i;

	for (i = 0; i < 20; i++) {
		struct device *d =
			world_device((int)sim_between(0, world_count() - 1));

		/* One at a time: an id that is not acknowledged would be
		 * forgotten. */
		if (!d->exists || d->at_gate != GATE_CANDIDATE ||
		    d->withdrawn_owed > 0)
			continue;
		gate_withdraw(d, reasons[sim_between(0, 2)]);
		if (sim_odds(2))
			gate_come_again(d, sim_delay(SIM_S, 20 * SIM_S));
		return;
	}
}

/* --- an operator's word: ztpctl device resend. The bridge hears the answer,
 * which is not for it. */

void gate_resend_any(void)
{
	struct device *d = world_device((int)sim_between(0, world_count() - 1));
	char data[GATE_DATA_MAX], text[GATE_DATA_MAX + 256];
	const char *code;
	int len;

	if (!d->exists || d->at_gate != GATE_DEVICE)
		return;
	sim_input("resend", d->number, 0);
	code = gate_resend(d, data);
	len = snprintf(text, sizeof(text),
		       "{\"responses\":[{\"command\":\"resendDevice\","
		       "\"code\":\"%s\",\"correlationData\":\"operator\","
		       "\"%s\":%s}]}",
		       code, *data == '{' ? "data" : "error", data);
	gate_say(ZTP_MQTT_RESPONSE, text, (size_t)len);
}
