#include "bridge/loop/backpressure.h"

#include "bridge/core/disk.h"
#include "bridge/mqtt/mqtt_in.h"
#include "bridge/registrar/broker_probe.h"

#define BACKLOG_HIGH	(64u << 20)
#define BACKLOG_BLOCKED (1u << 20) /* while max_requests blocks */

void backpressure_look_at_disk(struct backpressure *backpressure,
			       struct bridge *b)
{
	struct ztp_error error = {0};
	bool ok = disk_has_room(backpressure->directory, b->disk_ok, &error) &&
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
