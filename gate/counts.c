/*
 * A registry that is removed, in a commit that changes more than numbers, may
 * still be named by older commits. They are not looked at any more: either that
 * commit is lost, and all is read anew, or they are not.
 */
#include "gate/counts.h"

#include <stddef.h>
#include <stdlib.h>

#include "gate/registries.h"

struct ztp_counted {
	struct ztp_counted *next;
	uint64_t group;
	struct ztp_registry *registry;
	struct ztp_counts more;
};

static void add(struct ztp_counts *counts, struct ztp_counts more, int sign)
{
	counts->devices += sign * more.devices;
	counts->candidates += sign * more.candidates;
	counts->rejected += sign * more.rejected;
}

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
	add(&registry->counts, more, 1);
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

static bool note(struct ztp_counting *counting, struct ztp_registry *registry,
		 uint64_t group)
{
	struct ztp_counted *counted = malloc(sizeof(*counted));

	if (!counted)
		return false;
	*counted = (struct ztp_counted){
		.group = group, .registry = registry, .more = registry->counts};
	add(&counted->more, registry->before, -1);
	if (counting->newest)
		counting->newest->next = counted;
	else
		counting->oldest = counted;
	counting->newest = counted;
	return true;
}

void ztp_counts_kept(struct ztp_counting *counting, uint64_t group)
{
	struct ztp_registry *registry = counting->first;
	bool noted = !counting->beyond;

	for (; registry; registry = registry->next_counted)
		noted = noted && note(counting, registry, group);
	if (!noted) /* what it has counted cannot be taken back alone */
		counting->beyond_group = group;
	forget(counting);
	counting->beyond = false;
}

static void drop_oldest(struct ztp_counting *counting)
{
	struct ztp_counted *counted = counting->oldest;

	counting->oldest = counted->next;
	if (!counting->oldest)
		counting->newest = NULL;
	free(counted);
}

void ztp_counts_durable(struct ztp_counting *counting, uint64_t group)
{
	while (counting->oldest && counting->oldest->group <= group)
		drop_oldest(counting);
}

bool ztp_counts_lost(struct ztp_counting *counting, uint64_t kept)
{
	struct ztp_registry *registry;

	if (counting->beyond || counting->beyond_group > kept)
		return false;
	for (registry = counting->first; registry;
	     registry = registry->next_counted)
		registry->counts = registry->before;
	forget(counting);
	ztp_counts_durable(counting, kept);
	while (counting->oldest) {
		add(&counting->oldest->registry->counts, counting->oldest->more,
		    -1);
		drop_oldest(counting);
	}
	return true;
}

void ztp_counts_read(struct ztp_counting *counting, uint64_t group)
{
	counting->first = NULL; /* they are being freed */
	counting->beyond = false;
	ztp_counts_durable(counting, UINT64_MAX);
	counting->beyond_group = group;
}
