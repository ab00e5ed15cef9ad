/*
 * tests/sim/world.h - who is outside: devices, the gate, customers, strangers,
 * and what goes wrong. Told by the played brokers of what the bridge does.
 */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include "tests/sim/certs.h"
#include "tests/sim/oracle.h"

#define WORLD_PATH "subscriptions/acme/registries/plant-7/devices/d%05d"

enum at_gate { GATE_UNKNOWN, GATE_CANDIDATE, GATE_DEVICE, GATE_REJECTED };

/* One certificate of one path; two of them may want the same path, and those
 * have numbers that follow each other. */
struct device {
	int number;
	char path[80];
	struct sim_cert cert;
	bool exists;	  /* else the path has only one */
	bool never_there; /* it came once, and is never seen again */
	bool subscribed;  /* to its command topic, now */
	int64_t came_at;  /* us; 0: not yet */
	int64_t received_at, owned_at;
	bool named; /* its events carry an id */

	/* At the gate. */
	enum at_gate at_gate;
	char gate_id[48], created_for[132];
	bool acked;
	int offers, attempt;
};

struct device *world_device(int number);
int world_count(void); /* of numbers, those that do not exist included */
struct device *world_by_path(const char *path);

/* devices.c: they begin to come; how many have not come yet; all that have are
 * there from now on. */
void devices_begin(void);
int devices_to_come(void);
void devices_come_back(void);

void world_begin(void);
/* Nothing is left to come, and all that came has ended. */
bool world_is_done(void);

void gate_begin(struct device *device); /* proven: a candidate */
void gate_subscribed(struct device *device);
const char *device_event(struct device *device, char *text, size_t room);

#endif
