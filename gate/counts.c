#include "gate/counts.h"

#include <stddef.h>

#include "gate/registries.h"

void ztp_counts_add(struct ztp_registry *registry, struct ztp_counts more)
{
	struct ztp_counting *counting;

	if (!registry)
		return;
	counting = registry->counting;
	if (!counting->beyond && !registry->counted) {
		registry->before = registry->counts;
		registry->counted = true;
		registry->next_counted = counting->first;
		counting->first = registry;
	}
	registry->counts.devices += more.devices;
	registry->counts.candidates += more.candidates;
	registry->counts.rejected += more.rejected;
}

static void forget(struct ztp_counting *counting)
{
	for (; counting->first; counting->first = counting->first->next_counted)
		counting->first->counted = false;
}

/* A registry may be removed after this. */
void ztp_counts_beyond(struct ztp_counting *counting)
{
	forget(counting);
	counting->beyond = true;
}

void ztp_counts_kept(struct ztp_counting *counting)
{
	forget(counting);
	counting->beyond = false;
}

bool ztp_counts_undo(struct ztp_counting *counting)
{
	struct ztp_registry *registry;

	if (counting->beyond)
		return false;
	for (registry = counting->first; registry;
	     registry = registry->next_counted)
		registry->counts = registry->before;
	forget(counting);
	return true;
}
