/*
 * tests/bench/onboard.h - the devices of scripts/bench-onboard, and when each
 * of them reached which step.
 */
#ifndef TESTS_BENCH_ONBOARD_H
#define TESTS_BENCH_ONBOARD_H

#include "tests/bench/onboard_link.h"
#include "tests/bench/onboard_packet.h"
#include "tests/bench/part.h"

enum way {
	WAY_FIRST,    /* certificate and JWT, until it is told */
	WAY_UNUSED,   /* a provisioned device, until CONNACK */
	WAY_PASSWORD, /* no device: the broker's own password, until CONNACK */
	WAY_LIVE,     /* provisioned devices that publish */
};

/* Times in us, part_now(); 0: not reached. Those of the connection are of its
 * first attempt. */
struct steps {
	int64_t due, begun, tcp, tls, connack, accepted, suback, pending, told;
};

struct device {
	char *line; /* the three that follow are in it */
	const char *path, *certificate, *jwt;
	struct link link;
	struct steps steps;
	int tries;
	bool rejected;
};

struct fleet {
	struct part part; /* rate, count, start */
	enum way way;
	int together; /* at a time; 0: at the rate */
	int retry_ms;
	const char *devices_file, *steps_file, *user, *password;
	struct link_net net;
	struct device *devices;
	int64_t begun, done, lost, late_us;
	int *again; /* devices that come again, oldest first */
	int64_t *again_at;
	int64_t again_first, again_last;
};

/* onboard_device.c: a device's way through its steps. */
void device_begin(struct fleet *fleet, int number);
/* Something happened on its connection. True if it is done now. */
bool device_step(struct fleet *fleet, int number);

/* onboard_live.c: runs until the plan is over, and reports. */
void live_run(struct fleet *fleet);

#endif
