/*
 * `ztpctl doctor`: do the clocks agree? A JWT is judged by the gate's clock, an
 * answer's deadline is set by the bridge's, and neither machine need be this one.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_tree.h"
#include "tools/ztpctl/doctor.h"
#include "ztp/member.h"

#define APART_MS 5000 /* an answer may have been on its way for a while */

static bool differs(int64_t ahead_ms)
{
	return ahead_ms > APART_MS || ahead_ms < -APART_MS;
}

static void say(struct ztp_doctor *d, const char *what, const char *who,
		int64_t ahead_ms)
{
	ztp_doctor_say(d, ZTP_FINDING_WARNING, what,
		       "%s is %lld s %s the gate's: devices' JWTs are judged "
		       "by the gate's clock; synchronize both",
		       who,
		       (long long)(ahead_ms < 0 ? -ahead_ms : ahead_ms) / 1000,
		       ahead_ms < 0 ? "behind" : "ahead of");
}

/* Returns true if there is something to say. */
static bool check_bridges(struct ztp_doctor *d, const char *what)
{
	const cJSON *cells =
		cJSON_GetObjectItemCaseSensitive(d->info, ZTP_M_CELLS);
	const cJSON *cell;
	bool found = false;

	cJSON_ArrayForEach (cell, cells) {
		const cJSON *ahead = cJSON_GetObjectItemCaseSensitive(
			cell, ZTP_M_CLOCK_AHEAD);
		char who[300];

		if (!cJSON_IsNumber(ahead) ||
		    !differs((int64_t)ahead->valuedouble))
			continue;
		snprintf(who, sizeof(who), "the clock of the bridge %s",
			 ztp_tree_text(cell, ZTP_M_GROUP));
		say(d, what, who, (int64_t)ahead->valuedouble);
		found = true;
	}
	return found;
}

void ztp_doctor_clock(struct ztp_doctor *doctor, const char *what)
{
	const char *text = ztp_tree_text(doctor->info, ZTP_M_NOW);
	int64_t theirs, ahead;
	bool found;

	if (!ztp_time_parse(&theirs, text, strlen(text)))
		return; /* no answer, or an older gate's */
	found = check_bridges(doctor, what);
	ahead = doctor->info_at - theirs;
	if (differs(ahead))
		say(doctor, what, "this machine's clock", ahead);
	else if (!found)
		ztp_doctor_say(doctor, ZTP_FINDING_OK, what,
			       "gate, bridges and this machine agree within "
			       "%d s",
			       APART_MS / 1000);
}
