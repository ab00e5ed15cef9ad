#include "bridge/life/silence.h"

#include <stdio.h>
#include <stdlib.h>

/* Beside STORE_LOST, which bridges of a group share: the same time and why. What
 * another bridge has found is known by its time alone. */
#define LOST_WHY "decisions_lost.why"
#define UNKNOWN	 "decisions may have come that were not read"

static const char *const texts[SILENCE_WHYS] = {
	[SILENCE_REMOVED] = "Kafka removed decisions before they were read",
	[SILENCE_UNREADABLE] = "decisions that came could not be read",
	[SILENCE_TOPIC] = "decisions in the topic of before are not read",
	[SILENCE_ANEW] = "decisions may have gone with their topic",
};

int silence_broken(struct bridge *b, enum silence_why why,
		   struct ztp_error *error)
{
	char at[48];
	int rc;

	snprintf(at, sizeof(at), "%lld %d", (long long)b->core.now, (int)why);
	rc = store_set(b->store, LOST_WHY, at, error);
	snprintf(at, sizeof(at), "%lld", (long long)b->core.now);
	return rc == 0 ? store_set(b->store, STORE_LOST, at, error) : rc;
}

static int find_text(struct bridge *b, long long at, const char **text,
		     struct ztp_error *error)
{
	char stored[48], *rest;
	int rc = store_get(b->store, LOST_WHY, stored, sizeof(stored), error);
	unsigned long why = SILENCE_WHYS;

	if (rc == 1 && strtoll(stored, &rest, 10) == at)
		why = strtoul(rest, NULL, 10);
	*text = why < SILENCE_WHYS ? texts[why] : UNKNOWN;
	return rc < 0 ? rc : 0;
}

int silence_is_none(struct bridge *b, const struct store_request *r,
		    const char **why, struct ztp_error *error)
{
	char stored[24];
	int rc = store_get(b->store, STORE_LOST, stored, sizeof(stored), error);
	long long at = rc == 1 ? strtoll(stored, NULL, 10) : -1;

	*why = NULL;
	if (rc < 0 || (r->announced_at > at && r->received_at > at))
		return rc < 0 ? rc : 0;
	return find_text(b, at, why, error);
}
