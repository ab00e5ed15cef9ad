#include "bridge/loop/backpressure.h"

#include <sys/statvfs.h>

#include "bridge/mqtt/mqtt_in.h"
#include "bridge/registrar/broker_probe.h"

#define BACKLOG_HIGH	(64u << 20)
#define BACKLOG_BLOCKED (1u << 20) /* while max_requests blocks */
#define DISK_LOW_BYTES	(8u << 20) /* or 1/20 of a small disk */

/* Resuming requires twice as much free space as pausing. */
static bool has_room(const struct backpressure *backpressure, bool had_room,
		     struct ztp_error *error)
{
	unsigned long long available, low;
	struct statvfs fs;

	if (statvfs(backpressure->directory, &fs) != 0)
		return true; /* the store will report what is wrong */
	available = (unsigned long long)fs.f_bavail * fs.f_frsize;
	low = (unsigned long long)fs.f_blocks * fs.f_frsize / 20;
	if (low > DISK_LOW_BYTES)
		low = DISK_LOW_BYTES;
	if (available >= (had_room ? low : 2 * low) && !(fs.f_flag & ST_RDONLY))
		return true;
	ztp_fail(error, ZTP_ERR_FULL, "%s: %llu bytes left%s",
		 backpressure->directory, available,
		 fs.f_flag & ST_RDONLY ? ", read-only" : "");
	return false;
}

void backpressure_look_at_disk(struct backpressure *backpressure,
			       struct bridge *b)
{
	struct ztp_error error = {0};
	bool ok = has_room(backpressure, b->disk_ok, &error) &&
		  journal_reserve(b->journal, &error) == 0;

	if (ok && !b->disk_ok)
		log_info(b->core.log, "disk_has_room",
			 LOG_STR("path", backpressure->directory));
	if (!ok && b->disk_ok)
		log_error(b->core.log, "disk_full", LOG_WHY(&error));
	b->disk_ok = ok;
}

void backpressure_apply(struct bridge *b)
{
	uint64_t backlog = journal_backlog(b->journal, &b->mark);
	uint64_t high = b->blocked ? BACKLOG_BLOCKED : BACKLOG_HIGH;
	const char *why = NULL;

	if (!b->disk_ok)
		why = "the disk is full";
	else if (!b->store_ok)
		why = "the store cannot be written";
	else if (backlog > high)
		why = b->blocked ? "max_requests has been reached"
				 : "the journal is too far ahead of the store";
	else if (broker_probe_gate(b->broker_probe) == BROKER_SAYS_YES)
		why = BROKER_HAS_GATE; /* it keeps what is not taken */
	if (why)
		mqtt_in_pause(b->mqtt_in, why);
	else if (!b->blocked && backlog < BACKLOG_BLOCKED / 2)
		mqtt_in_resume(b->mqtt_in);
}
