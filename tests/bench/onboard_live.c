/*
 * Devices that are there already and go on working while others come: each
 * publishes in turn, at the rate, and late is what is late from when it was
 * due until its PUBACK.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "tests/bench/onboard.h"

#define EVENTS	  256
#define TOPIC_MAX 1024
#define IDS	  60000 /* packet ids of one device */

struct live {
	struct fleet *fleet;
	int64_t *late; /* us of each message; 0: no PUBACK */
	int64_t most, sent, acked;
};

/* Messages go round the devices, so a device's n-th has packet id n + 1. */
static void publish(struct live *live)
{
	struct fleet *fleet = live->fleet;
	int64_t number = live->sent % fleet->part.count;
	int64_t round = live->sent / fleet->part.count;
	struct device *device = &fleet->devices[number];
	uint8_t bytes[PACKET_MAX];
	char topic[TOPIC_MAX];

	snprintf(topic, sizeof(topic), "%s/events/bench", device->path);
	link_send(&device->link, bytes,
		  packet_publish(bytes, topic, (uint16_t)(round % IDS + 1),
				 "{\"degrees\":21.5}"));
	live->sent++;
}

static void on_puback(struct live *live, int64_t number, uint16_t id)
{
	int64_t item = (id - 1) * live->fleet->part.count + number;

	if (id < 1 || item >= live->sent || live->late[item])
		return;
	live->late[item] = part_now() - part_due(&live->fleet->part, item);
	live->acked++;
}

static void read_pubacks(struct live *live, int number)
{
	struct device *device = &live->fleet->devices[number];
	struct link_bytes *in = &device->link.in;
	struct packet packet;
	size_t at = 0;

	if (link_step(&device->link, &live->fleet->net) == LINK_LOST)
		part_die("a live device has lost its connection");
	for (; packet_read(&packet, in->at + at, in->len - at);
	     at += packet.size)
		if (packet.type == PACKET_PUBACK && packet.code < 0x80)
			on_puback(live, number, packet.id);
	in->len -= at;
	memmove(in->at, in->at + at, in->len);
}

static int wait_for(struct fleet *fleet, struct epoll_event *events, int ms)
{
	int n = epoll_wait(fleet->net.epoll_fd, events, EVENTS, ms);

	if (n < 0 && errno != EINTR)
		part_die("epoll: %s", strerror(errno));
	return n;
}

/* One after the other, so that they do not cost the broker more than needed. */
static void connect_all(struct fleet *fleet)
{
	struct epoll_event events[EVENTS];

	for (; fleet->done < fleet->part.count; fleet->done++) {
		bool in = false;

		device_begin(fleet, (int)fleet->done);
		while (!in) {
			int n = wait_for(fleet, events, 1000);

			for (int i = 0; i < n; i++)
				if (events[i].data.fd == fleet->done)
					in = device_step(fleet,
							 (int)fleet->done);
			if (fleet->again_last || part_over())
				part_die("a live device does not get in");
		}
	}
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void report(struct live *live)
{
	int64_t n = live->sent, missing = live->sent - live->acked;

	qsort(live->late, (size_t)n, sizeof(*live->late), compare);
	printf("{\"sent\":%lld,\"acked\":%lld,\"p50_us\":%lld,"
	       "\"p99_us\":%lld,\"max_us\":%lld}\n",
	       (long long)n, (long long)live->acked,
	       n ? (long long)live->late[missing + live->acked / 2] : 0,
	       n ? (long long)live->late[missing + live->acked * 99 / 100] : 0,
	       n ? (long long)live->late[n - 1] : 0);
}

void live_run(struct fleet *fleet)
{
	struct live live = {.fleet = fleet, .most = IDS * fleet->part.count};
	struct epoll_event events[EVENTS];

	live.late = calloc((size_t)live.most, sizeof(*live.late));
	if (!live.late)
		part_die("out of memory");
	connect_all(fleet);
	part_begin(&fleet->part);
	while (live.sent < live.most && !part_over()) {
		int n = wait_for(fleet, events, 1);

		while (live.sent < live.most &&
		       part_due(&fleet->part, live.sent) <= part_now())
			publish(&live);
		for (int i = 0; i < n; i++)
			read_pubacks(&live, events[i].data.fd);
	}
	report(&live);
	free(live.late);
}
