/*
 * The broker writes a new file and renames it, so the file's time is that of what
 * is in it. Three kinds of devices, by the time of their first session:
 *
 * - before the broker saved: what was stored of a former key was gone by then;
 * - in a process that was killed, after that: its file knows nothing of them, and
 *   nothing is lost if what it has is not handed over;
 * - in this process: the gate has seen what became of the rest.
 *
 * Where the file is not known (the configuration cannot be read, or another plugin
 * keeps the sessions), nothing is said to be older.
 */
#include "gate/stored.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/broker_facts.h"
#include "base/clock.h"
#include "gate/gate.h"

#define UNKNOWN	     INT64_MAX
#define DEFAULT_FILE "mosquitto.db"

/* 2.1 takes the folder from the environment, whatever the configuration says. */
static bool find_file(char *out, size_t size)
{
	char *conf = ztp_broker_config_of_process();
	struct ztp_broker_facts facts;
	const char *file = facts.persistence_file;
	int len;

	if (!conf || getenv("MOSQUITTO_PERSISTENCE_LOCATION") ||
	    ztp_broker_facts_read(&facts, conf, NULL) != 0 ||
	    !facts.persistence) {
		free(conf);
		return false;
	}
	free(conf);
	len = snprintf(out, size, "%s%s%s", facts.persistence_location,
		       *facts.persistence_location ? "/" : "",
		       *file ? file : DEFAULT_FILE);
	return len > 0 && (size_t)len < size;
}

void ztp_stored_start(struct ztp_gate *gate)
{
	char path[1024];
	struct stat st;

	gate->started_at = ztp_clock_wall();
	gate->saved_at = UNKNOWN;
	if (find_file(path, sizeof(path)) && stat(path, &st) == 0)
		gate->saved_at = (int64_t)st.st_mtim.tv_sec * 1000 +
				 st.st_mtim.tv_nsec / 1000000;
	/* A clock that was set back must not make this process look older. */
	if (gate->saved_at != UNKNOWN && gate->started_at < gate->saved_at)
		gate->started_at = gate->saved_at;
}

bool ztp_stored_is_of(const struct ztp_gate *gate, int64_t connected_at)
{
	return connected_at != 0 && (connected_at < gate->saved_at ||
				     connected_at >= gate->started_at);
}

int64_t ztp_stored_now(const struct ztp_gate *gate)
{
	int64_t now = ztp_clock_wall();

	if (now < gate->started_at)
		now = gate->started_at;
	return now > 0 ? now : 1;
}
