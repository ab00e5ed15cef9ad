/* `ztpctl doctor`: checks the broker's configuration. Each check is a row of
 * the table; its finding says why, and what to do. */
#include <stdio.h>
#include <string.h>

#include "tools/ztpctl/doctor.h"

#define QUEUED_ENOUGH 100000

static void check_gate(struct ztp_doctor *d, const char *what)
{
	if (d->facts.gate_named)
		ztp_doctor_say(d, ZTP_FINDING_OK, what, "loaded");
	else
		ztp_doctor_say(d, ZTP_FINDING_ERROR, what,
			       "no line loads mosquitto_ztp_gate.so: nobody "
			       "checks devices");
}

static void check_per_listener(struct ztp_doctor *d, const char *what)
{
	if (d->facts.per_listener_settings)
		ztp_doctor_say(
			d, ZTP_FINDING_ERROR, what,
			"true: the gate would not hear of some listeners, so "
			"it does not start; set it to false");
	else
		ztp_doctor_say(d, ZTP_FINDING_OK, what, "false");
}

static void check_listeners(struct ztp_doctor *d, const char *what)
{
	size_t known = d->facts.listeners, without = 0;

	if (!d->facts.gate_named || d->facts.gate_everywhere) {
		if (d->facts.gate_named)
			ztp_doctor_say(d, ZTP_FINDING_OK, what,
				       "the gate is loaded for all of them");
		return;
	}
	if (known > ZTP_BROKER_LISTENERS_MAX)
		known = ZTP_BROKER_LISTENERS_MAX;
	for (size_t i = 0; i < known; i++) {
		if (d->facts.listener[i].gate)
			continue;
		without++;
		ztp_doctor_say(d, ZTP_FINDING_ERROR, what,
			       "listener %s does not have the gate: load it "
			       "with plugin or global_plugin",
			       d->facts.listener[i].name);
	}
	if (without == 0)
		ztp_doctor_say(
			d, ZTP_FINDING_ERROR, what,
			"the gate is loaded for some listeners only, so it "
			"does not start: load it with plugin or global_plugin");
}

static void check_anonymous(struct ztp_doctor *d, const char *what)
{
	bool found = d->facts.anonymous;

	for (size_t i = 0;
	     i < d->facts.listeners && i < ZTP_BROKER_LISTENERS_MAX; i++)
		found = found || d->facts.listener[i].anonymous;
	if (found)
		ztp_doctor_say(d, ZTP_FINDING_WARNING, what,
			       "true: clients without a username are let in; "
			       "the bridge and ztpctl need one anyway");
	else
		ztp_doctor_say(d, ZTP_FINDING_OK, what, "false");
}

static void check_certificate(struct ztp_doctor *d, const char *what)
{
	size_t found = 0;

	for (size_t i = 0;
	     i < d->facts.listeners && i < ZTP_BROKER_LISTENERS_MAX; i++) {
		if (!d->facts.listener[i].certificate_is_user)
			continue;
		found++;
		ztp_doctor_say(d, ZTP_FINDING_WARNING, what,
			       "listener %s takes the username from the "
			       "certificate: it does not ask the gate, and a "
			       "device has no rights there",
			       d->facts.listener[i].name);
	}
	if (found == 0)
		ztp_doctor_say(d, ZTP_FINDING_OK, what, "on no listener");
}

static void check_acl(struct ztp_doctor *d, const char *what)
{
	if (d->facts.acl_file || d->facts.other_plugin)
		ztp_doctor_say(
			d, ZTP_FINDING_OK, what,
			"access of clients other than devices is configured");
	else
		ztp_doctor_say(d, ZTP_FINDING_WARNING, what,
			       "neither acl_file nor another plugin: the gate "
			       "decides about devices only, and nothing grants "
			       "other clients any access; see acl.example");
}

static void check_queue(struct ztp_doctor *d, const char *what)
{
	long long queued = (long long)d->facts.max_queued_messages;

	if (queued == 0)
		ztp_doctor_say(d, ZTP_FINDING_ERROR, what,
			       "0: a client is disconnected when its publish "
			       "is denied; set 1000000");
	else if (queued < QUEUED_ENOUGH)
		ztp_doctor_say(d, ZTP_FINDING_WARNING, what,
			       "%lld: messages beyond that are dropped "
			       "silently; set 1000000",
			       queued);
	else
		ztp_doctor_say(d, ZTP_FINDING_OK, what, "%lld", queued);
}

static void check_packet(struct ztp_doctor *d, const char *what)
{
	long long size = (long long)d->facts.max_packet_size;

	if (size <= 0)
		ztp_doctor_say(
			d, ZTP_FINDING_WARNING, what,
			"not set: the broker allocates up to 200 MB for a "
			"CONNECT before it checks anything; set 131072");
	else
		ztp_doctor_say(d, ZTP_FINDING_OK, what, "%lld", size);
}

static void check_nodelay(struct ztp_doctor *d, const char *what)
{
	if (d->facts.nodelay)
		ztp_doctor_say(d, ZTP_FINDING_OK, what, "true");
	else
		ztp_doctor_say(d, ZTP_FINDING_WARNING, what,
			       "false: an answer to a device may wait 40 ms "
			       "for its acknowledgement of the one before; set "
			       "it to true");
}

static const struct {
	const char *what;
	ztp_doctor_check *check;
} table[] = {
	{"gate", check_gate},
	{ZTP_BROKER_PER_LISTENER, check_per_listener},
	{"listeners", check_listeners},
	{ZTP_BROKER_ANONYMOUS, check_anonymous},
	{"certificate_as_username", check_certificate},
	{ZTP_BROKER_ACL_FILE, check_acl},
	{ZTP_BROKER_MAX_QUEUED, check_queue},
	{ZTP_BROKER_MAX_PACKET, check_packet},
	{ZTP_BROKER_NODELAY, check_nodelay},
};

void ztp_doctor_config(struct ztp_doctor *doctor)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		table[i].check(doctor, table[i].what);
}
