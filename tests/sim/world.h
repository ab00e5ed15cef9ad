/*
 * tests/sim/world.h - who is outside: devices, the gate, customers, strangers,
 * and what goes wrong. Told by the played brokers of what the bridge does.
 */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include "tests/sim/certs.h"
#include "tests/sim/oracle.h"

#define WORLD_PATH   "subscriptions/acme/registries/plant-7/devices/d%05d"
#define WORLD_SECRET "sim-secret-9f3a" /* what nobody may find anywhere */
#define WORLD_LOAD   "sim-payload-71c" /* ... but in commands */

/* What a message to the bridge is about: a device's number, or one of these
 * and a number. */
#define TAG_BAD	  (1 << 20) /* an event that cannot be read */
#define TAG_AUDIT (2 << 20) /* a record of the gate's */
#define TAG_OTHER (4 << 20) /* what nobody waits for */

enum at_gate {
	GATE_UNKNOWN,
	GATE_CANDIDATE,
	GATE_DEVICE,
	GATE_REJECTED,
	GATE_WITHDRAWN
};

/* One certificate of one path; two of them may want the same path, and those
 * have numbers that follow each other. */
struct device {
	int number;
	int silent; /* to so many approvals it does not answer */
	char path[80];
	struct sim_cert cert;
	bool exists;	       /* else the path has only one */
	bool never_there;      /* it came once, and is never seen again */
	bool live, subscribed; /* connected; to its command topic, now */
	int64_t came_at;       /* us; 0: not yet */
	int64_t received_at, owned_at;
	bool named;  /* its events carry an id */
	bool poison; /* the broker closes when it is sent a command */

	/* At the gate. */
	bool told;	     /* it is approved: it connects as `unused` */
	bool forgets;	     /* it is not told: it comes with its certificate */
	bool knocking;	     /* it tries again to connect */
	bool by_certificate; /* this connection */
	bool acked;
	char connection[20]; /* its id */
	enum at_gate at_gate;
	char gate_id[48], created_for[132];
	int offers, attempt;
	int withdrawn_owed;    /* acknowledgements */
	char withdrawn_id[48]; /* of the last candidate that was withdrawn */
	const char *withdrawn_for;
};

struct device *world_device(int number);
int world_count(void); /* of numbers, those that do not exist included */
struct device *world_by_path(const char *path);

/* devices.c: they begin to come; how many have not come yet; all lose their
 * connection, and come back; all that have come are there from now on. */
void devices_begin(void);
int devices_to_come(void);
void devices_lose_connection(void);
void devices_come_back(void);

/* letters.c: an event that cannot be read, or one of the gate's records. */
void letters_send(void);

/* customer.c: the decision topic is no more: what was said is said again. */
void customer_repeat(void);

/* world_group.c: what happens to one of several bridges; and all are well. */
void world_group_trouble(void);
void world_group_calm(void);
/* A request of a turn that is not committed was seen. */
void world_group_seen(void);

void world_begin(void);
/* Nothing is left to come, and all that came has ended. */
bool world_is_done(void);

/* It connects, unless it is never seen again. */
void device_comes(struct device *device);
int64_t world_wall_ms(int64_t us); /* what clocks on the wall said then */

#endif
