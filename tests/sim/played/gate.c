/*
 * The played gate by itself, for tests/fault/test_contract_gate.py, which does
 * the same to a real one: it takes one step a line, and prints what was said,
 * "TOPIC JSON" a line, and ". 1" or ". 0": the device was let in, or not.
 *
 *   connect N certificate|unused     subscribe N     leave N
 *   withdraw N REASON                send JSON       mode hold|refuse
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/broker.h"
#include "tests/sim/gate.h"
#include "tests/sim/sim.h"
#include "tests/sim/thread.h"

#define DEVICES 20
#define LINE	(1 << 16)

static struct device devices[DEVICES];

/* --- the world and the broker that it is in */

struct device *world_device(int number)
{
	return &devices[number % DEVICES];
}

int world_count(void)
{
	return DEVICES;
}

struct device *world_by_path(const char *path)
{
	int i;

	for (i = 0; i < DEVICES; i += 2)
		if (strcmp(devices[i].path, path) == 0)
			return &devices[i];
	return NULL;
}

int64_t world_wall_ms(int64_t us)
{
	return (SIM_WALL_BEGIN + us) / 1000;
}

void device_comes(struct device *device)
{
	(void)device; /* when the script says so */
}

void oracle_approved_path(int device)
{
	(void)device;
}

void broker_tell(const char *topic, const char *payload, size_t len, int qos)
{
	(void)qos;
	printf("%s %.*s\n", topic, (int)len, payload);
}

bool broker_offer(const char *topic, const char *payload, size_t len, int tag)
{
	(void)tag;
	broker_tell(topic, payload, len, 1);
	return true;
}

/* There is one thread only, and no process. */
struct process *process_be(struct process *p)
{
	return p;
}

void process_wait(bool (*holds)(void *arg), void *arg, int64_t until)
{
	(void)holds;
	(void)arg;
	(void)until;
}

void process_end(int how)
{
	(void)how;
	abort();
}

bool thread_current(void)
{
	return false;
}

void thread_sleep(int64_t us)
{
	(void)us;
}

/* --- steps */

static void begin(void)
{
	static struct sim_stats stats;
	int i;

	sim_begin(1, false, &stats);
	sim.calm = true; /* no command fails */
	sim.plan.hold = true;
	sim.plan.gate_commands = 1000;
	sim.plan.gate_bytes = 1 << 20;
	for (i = 0; i < DEVICES; i++) {
		struct device *d = &devices[i];

		d->number = i;
		d->exists = true;
		snprintf(d->path, sizeof(d->path), WORLD_PATH, i / 2);
		certs_make(&d->cert, (uint32_t)i);
		printf("%s %s %s\n", d->path, d->cert.hex, d->cert.base64);
	}
	puts(". 1");
}

static bool step(const char *name, struct device *d, const char *rest)
{
	if (strcmp(name, "connect") == 0)
		return gate_connect(d, strcmp(rest, "certificate") == 0);
	if (strcmp(name, "subscribe") == 0)
		gate_subscribe(d);
	else if (strcmp(name, "leave") == 0)
		gate_leave(d);
	else if (strcmp(name, "withdraw") == 0)
		gate_withdraw(d, rest);
	return true;
}

static bool do_line(char *line)
{
	char *rest = strchr(line, ' ');
	struct device *d;

	if (!rest)
		abort();
	*rest++ = '\0';
	if (strcmp(line, "send") == 0) {
		gate_command(rest, strlen(rest));
		return true;
	}
	if (strcmp(line, "mode") == 0) {
		sim.plan.hold = strcmp(rest, "hold") == 0;
		return true;
	}
	d = world_device((int)strtol(rest, &rest, 10));
	return step(line, d, *rest ? rest + 1 : "");
}

int main(void)
{
	static char line[LINE];

	begin();
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		int64_t until;
		bool in;

		line[strcspn(line, "\n")] = '\0';
		in = do_line(line);
		/* All that it says now, but nothing a second time. */
		for (until = sim.now + SIM_S; sim_step(until);)
			;
		printf(". %d\n", in);
		fflush(stdout);
	}
	return 0;
}
