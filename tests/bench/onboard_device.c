#include <stdio.h>
#include <string.h>

#include "tests/bench/onboard.h"

#define TOPIC_MAX 1024

void device_begin(struct fleet *fleet, int number)
{
	struct device *device = &fleet->devices[number];

	if (device->tries++ == 0)
		device->steps.begun = part_now();
	link_open(&device->link, &fleet->net, number);
}

static void set_once(int64_t *at, int64_t now)
{
	if (*at == 0)
		*at = now;
}

/* ---- sending */

static void send_connect(struct fleet *fleet, int number)
{
	struct device *device = &fleet->devices[number];
	const char *user = device->certificate, *password = device->jwt;
	const char *client = device->path;
	uint8_t bytes[PACKET_MAX];
	char name[32];

	if (fleet->way == WAY_PASSWORD) {
		snprintf(name, sizeof(name), "bench-%d", number);
		client = name;
		user = fleet->user;
		password = fleet->password;
	} else if (fleet->way != WAY_FIRST) {
		user = "unused";
	}
	link_send(&device->link, bytes,
		  packet_connect(bytes, client, user, password));
}

static void send_subscribe(struct device *device)
{
	uint8_t bytes[PACKET_MAX];
	char topic[TOPIC_MAX];

	snprintf(topic, sizeof(topic), "%s/commands", device->path);
	link_send(&device->link, bytes, packet_subscribe(bytes, topic));
}

/* ---- what came */

static bool says(const struct packet *packet, const char *status)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "\"status\":\"%s\"", status);

	return packet->payload &&
	       memmem(packet->payload, packet->payload_len, text, (size_t)n);
}

static void on_command(struct device *device, const struct packet *packet,
		       int64_t now)
{
	uint8_t bytes[4];

	if (packet->id)
		link_send(&device->link, bytes,
			  packet_puback(bytes, packet->id));
	if (says(packet, "pending"))
		set_once(&device->steps.pending, now);
	device->rejected = says(packet, "rejected");
	if (device->rejected || says(packet, "approved"))
		device->steps.told = now;
}

/* False if it has to come again. */
static bool on_packet(struct fleet *fleet, struct device *device,
		      const struct packet *packet)
{
	int64_t now = part_now();

	switch (packet->type) {
	case PACKET_CONNACK:
		set_once(&device->steps.connack, now);
		if (packet->code)
			return false;
		device->steps.accepted = now;
		if (fleet->way == WAY_FIRST)
			send_subscribe(device);
		return true;
	case PACKET_SUBACK:
		device->steps.suback = now;
		return packet->code < 0x80;
	case PACKET_PUBLISH:
		on_command(device, packet, now);
		return true;
	default:
		return true;
	}
}

static bool read_packets(struct fleet *fleet, struct device *device)
{
	struct link_bytes *in = &device->link.in;
	struct packet packet;
	size_t at = 0;
	bool goes_on = true;

	while (goes_on && packet_read(&packet, in->at + at, in->len - at)) {
		at += packet.size;
		goes_on = on_packet(fleet, device, &packet);
	}
	in->len -= at;
	memmove(in->at, in->at + at, in->len);
	return goes_on;
}

/* ---- the end of a connection */

static bool is_done(const struct fleet *fleet, const struct device *device)
{
	return fleet->way == WAY_FIRST ? device->steps.told != 0
				       : device->steps.accepted != 0;
}

static void come_again(struct fleet *fleet, int number)
{
	int64_t at = fleet->again_last++ % fleet->part.count;

	link_close(&fleet->devices[number].link);
	fleet->again[at] = number;
	fleet->again_at[at] = part_now() + fleet->retry_ms * 1000LL;
}

static void hang_up(struct device *device)
{
	uint8_t bytes[2];

	link_send(&device->link, bytes, packet_disconnect(bytes));
	link_close(&device->link);
}

bool device_step(struct fleet *fleet, int number)
{
	struct device *device = &fleet->devices[number];
	struct link *link = &device->link;
	enum link_found found;

	if (link->phase == LINK_CLOSED)
		return false;
	found = link_step(link, &fleet->net);
	if (link->tcp_us)
		set_once(&device->steps.tcp, link->tcp_us);
	if (found == LINK_IS_OPEN) {
		set_once(&device->steps.tls, link->tls_us);
		send_connect(fleet, number);
	}
	if (found == LINK_LOST)
		fleet->lost++;
	if (found == LINK_LOST ||
	    (found == LINK_HAS_DATA && !read_packets(fleet, device))) {
		come_again(fleet, number);
		return false;
	}
	if (!is_done(fleet, device))
		return false;
	if (fleet->way != WAY_LIVE)
		hang_up(device);
	return true;
}
