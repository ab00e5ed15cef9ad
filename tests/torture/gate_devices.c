/* Devices that come until they are in, and impostors, who never are. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "tests/torture/gate_calls.h"
#include "tests/torture/gate_life.h"

/* What could not be told is told again after a second, and each time may meet
 * one failure of a burst only. */
#define TELL_MS 60000

/* --- nobody gets in who must not, at no moment */

void life_shut_out(struct mosquitto *client, const char *who)
{
	int rc;

	client->address = "198.51.100.7";
	rc = life_come(client);
	if (rc == MOSQ_ERR_SUCCESS || rc == MOSQ_ERR_PLUGIN_DEFER)
		campaign_find(life.run, "open: %s is let in", who);
	gate_client_forget(client);
}

void life_impostors(void)
{
	struct mosquitto *stranger;

	life_shut_out(gate_unused(life.f, DIRECT "a", 1), "another key");
	life_shut_out(gate_first(life.f, DIRECT "a", 1), "another certificate");
	life_shut_out(gate_unused(life.f, CUSTOM "b", 1),
		      "a key of a candidate's path");
	life_shut_out(gate_client(CUSTOM "x", life.f->texts[0], "a.b.c", 5),
		      "a stolen certificate");
	life_shut_out(gate_client(CUSTOM "x", "unused", "a.b.c", 5), "nobody");
	stranger = gate_client("stranger", "stranger", "x", 5);
	stranger->address = "198.51.100.7";
	(void)life_come(stranger);
	if (life_may(stranger, MOSQ_ACL_SUBSCRIBE, "ztp/#") ||
	    life_may(stranger, MOSQ_ACL_READ, CUSTOM "b/commands") ||
	    life_may(stranger, MOSQ_ACL_WRITE, DIRECT "a/commands"))
		campaign_find(life.run, "open: a stranger's access");
	life_go(stranger);
	gate_client_forget(stranger);
}

static void held_may_no_more(struct mosquitto *device, const char *path)
{
	char topic[256];

	snprintf(topic, sizeof(topic), "%s/config", path);
	if (life_may(device, MOSQ_ACL_READ, topic))
		campaign_find(life.run, "open: a held device reads its config");
	snprintf(topic, sizeof(topic), "%s/state/x", path);
	if (life_may(device, MOSQ_ACL_WRITE, topic))
		campaign_find(life.run, "open: a held device writes its state");
}

/* --- devices */

/* Connects until it is in. Nobody is while the database cannot be read. */
struct mosquitto *life_join(struct mosquitto *(*make)(struct gate_fixture *,
						      const char *, int),
			    const char *path, int who)
{
	struct mosquitto *client = NULL;
	int i;

	for (i = 0; i < LIFE_TRIES; i++) {
		client = make(life.f, path, who);
		if (life_come(client) == MOSQ_ERR_SUCCESS)
			return client;
		gate_client_forget(client);
		gate_calls_pass(LIFE_AGAIN_MS);
		life_tick();
	}
	campaign_find(life.run, "%s is never let in", path);
	return NULL;
}

void life_part(struct mosquitto *client)
{
	if (!client)
		return;
	if (client->online)
		life_go(client);
	gate_client_forget(client);
}

void life_topic(char topic[256], const char *path)
{
	if (life.f->command_topic)
		snprintf(topic, 256, "c/%s", strrchr(path, '/') + 1);
	else
		snprintf(topic, 256, "%s/commands", path);
}

/* Comes, subscribes and waits until `topic` has told something of it; comes
 * again if its session was ended. */
struct mosquitto *life_wait_for(const char *path, int who, const char *topic,
				const char *needle, bool held)
{
	int64_t deadline = ztp_clock_boot() + TELL_MS;
	struct mosquitto *device = NULL;
	char commands[256];

	life_topic(commands, path);
	while (ztp_clock_boot() < deadline) {
		if (device && device->kicked) {
			life_part(device);
			device = NULL;
		}
		if (!device)
			device = life_join(gate_first, path, who);
		if (!device)
			return NULL;
		(void)life_may(device, MOSQ_ACL_SUBSCRIBE, commands);
		if (held)
			held_may_no_more(device, path);
		/* the bridge subscribes again: a new round of offers */
		(void)life_may(life.f->op, MOSQ_ACL_SUBSCRIBE, LIFE_PENDING);
		life_tick();
		if (gate_published(topic, needle))
			return device;
		gate_broker.log[0] = '\0';
		gate_calls_pass(100);
	}
	campaign_find(life.run, "%s: nothing on %s", path, topic);
	return device;
}

/* An offer that the bridge could not read would be a dead letter, acknowledged,
 * and its candidate would never be offered again. */
void life_check_offers(void)
{
	size_t i;

	for (i = 0; i < gate_broker.count; i++) {
		const struct gate_message *m = &gate_broker.messages[i];

		if (strcmp(m->topic, LIFE_PENDING) == 0 &&
		    (!strstr(m->payload, "\"request_id\":") ||
		     !strstr(m->payload, "\"device_path\":") ||
		     !strstr(m->payload, "\"certificate\":")))
			campaign_find(life.run, "an offer: %.100s", m->payload);
	}
}

/* The id under which a path is offered. */
void life_offered_id(char id[64], const char *path)
{
	const char *offer = gate_published(LIFE_PENDING, path);
	const char *at = offer ? strstr(offer, "\"request_id\":\"") : NULL;

	snprintf(id, 64, "%.36s", at ? at + 14 : "none");
}

void life_may_it_all(struct mosquitto *device, const char *path)
{
	char topic[256];

	snprintf(topic, sizeof(topic), "%s/config", path);
	if (!device || !life_may(device, MOSQ_ACL_READ, topic))
		campaign_find(life.run, "%s has not a device's rights", path);
}
