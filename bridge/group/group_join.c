#include "bridge/group/group_join.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/core/disk.h"
#include "bridge/mqtt/mqtt_out.h"
#include "bridge/mqtt/refusal.h"
#include "bridge/standby/opening.h"

#define AWAY_MS 60000 /* without a broker, until it joins all the same */
#define LOOK_MS 1000  /* between two looks at the disk */

struct group_join {
	struct core *core;
	const struct copy *copy;
	struct mqtt_out *link; /* NULL: it serves */
	bool connected;
	int64_t away_since; /* CLOCK_BOOTTIME; 0: in reach */
	char directory[4096];
	bool has_room;
	int64_t full_since, look_at; /* CLOCK_BOOTTIME; 0: has room */
};

int group_join_new(struct group_join **out, struct core *core,
		   const struct copy *copy, struct ztp_error *error)
{
	struct group_join *j = calloc(1, sizeof(*j));
	char path[sizeof(j->directory)];

	if (!j)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	j->core = core;
	j->copy = copy;
	j->has_room = true;
	j->away_since = ztp_clock_boot();
	snprintf(path, sizeof(path), "%s", core->config->store.path);
	snprintf(j->directory, sizeof(j->directory), "%s", dirname(path));
	*out = j;
	return 0;
}

static void disconnect(struct group_join *j)
{
	if (j->link)
		mqtt_out_stop(j->link);
	mqtt_out_free(j->link);
	j->link = NULL;
}

void group_join_free(struct group_join *j)
{
	if (!j)
		return;
	disconnect(j);
	free(j);
}

/* --- what is known */

static void note(int64_t *since, bool good)
{
	if (good)
		*since = 0;
	else if (*since == 0)
		*since = ztp_clock_boot();
}

static void note_broker(struct group_join *j, bool connected)
{
	j->connected = connected;
	note(&j->away_since, connected);
}

static void look_at_disk(struct group_join *j)
{
	struct ztp_error error = {0};
	bool had_room = j->has_room;

	if (ztp_clock_boot() < j->look_at)
		return;
	j->look_at = ztp_clock_boot() + LOOK_MS;
	j->has_room = disk_has_room(j->directory, had_room, &error);
	note(&j->full_since, j->has_room);
	if (j->has_room && !had_room)
		log_info(j->core->log, "disk_has_room",
			 LOG_STR("path", j->directory));
	else if (!j->has_room && had_room)
		log_error(j->core->log, "disk_full", LOG_WHY(&error));
}

void group_join_turn(struct group_join *j)
{
	const char *instance = j->core->config->standby.instance;
	struct ztp_error error = {0};

	look_at_disk(j);
	if (!j->link && mqtt_out_new_as(&j->link, j->core, "standby", instance,
					&error) != 0)
		return; /* out of memory: in the next turn */
	mqtt_out_turn(j->link);
	note_broker(j, mqtt_out_connected(j->link));
}

void group_join_serve(struct group_join *j)
{
	disconnect(j);
}

void group_join_health(struct group_join *j, bool broker, bool disk)
{
	note_broker(j, broker);
	j->has_room = disk;
	note(&j->full_since, disk);
}

void group_join_reconnect(struct group_join *j)
{
	if (j->link)
		mqtt_out_reconnect(j->link);
}

bool group_join_has_room(struct group_join *j)
{
	j->look_at = 0;
	look_at_disk(j);
	return j->has_room;
}

/* --- what follows */

static bool is_over(int64_t since, int64_t ms)
{
	return since != 0 && ztp_clock_boot() - since >= ms;
}

/* For so long the group would wait for one that says nothing at all. */
static bool is_long(const struct group_join *j, int64_t since)
{
	return is_over(since, j->core->config->standby.session_timeout_ms);
}

static bool is_fit(const struct group_join *j)
{
	return j->has_room && copy_unwritten_since(j->copy) == 0;
}

bool group_join_ready(const struct group_join *j)
{
	return is_fit(j) && (j->connected || is_over(j->away_since, AWAY_MS));
}

bool group_join_no_broker(const struct group_join *j)
{
	return is_long(j, j->away_since);
}

bool group_join_unfit(const struct group_join *j)
{
	return is_long(j, j->full_since) ||
	       is_long(j, copy_unwritten_since(j->copy));
}

/* --- for others */

bool group_join_in_reach(const struct group_join *j)
{
	return j->connected;
}

const char *group_join_problem(const struct group_join *j)
{
	if (!j->has_room)
		return GROUP_DISK_FULL;
	if (copy_unwritten_since(j->copy) != 0)
		return OPENING_NOT_WHOLE;
	if (j->connected)
		return NULL;
	return j->link ? mqtt_out_problem(j->link) : MQTT_NOT_CONNECTED;
}
