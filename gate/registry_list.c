/* Of all registries: their numbers, and a page of them. */
#include <string.h>

#include "gate/registries.h"

struct sums {
	int64_t devices, candidates;
};

static void add(struct ztp_registry *registry, void *arg)
{
	struct sums *sums = arg;

	sums->devices += registry->counts.devices;
	sums->candidates += registry->counts.candidates;
}

void ztp_registries_sum(struct ztp_registries *registries, int64_t *devices,
			int64_t *candidates)
{
	struct sums sums = {0};

	ztp_registries_each(registries, add, &sums);
	*devices = sums.devices;
	*candidates = sums.candidates;
}

struct listing {
	const char *after;
	struct ztp_registry **out;
	size_t count, limit;
};

/* Inserts into the sorted page; what falls off its end belongs to the next
 * page. */
static void list(struct ztp_registry *registry, void *arg)
{
	struct listing *listing = arg;
	size_t i;

	if (listing->after && strcmp(registry->name, listing->after) <= 0)
		return;
	if (listing->count == listing->limit) {
		if (strcmp(registry->name,
			   listing->out[listing->count - 1]->name) >= 0)
			return;
		listing->count--;
	}
	for (i = listing->count++; i > 0; i--) {
		if (strcmp(listing->out[i - 1]->name, registry->name) < 0)
			break;
		listing->out[i] = listing->out[i - 1];
	}
	listing->out[i] = registry;
}

size_t ztp_registries_list(struct ztp_registries *registries, const char *after,
			   struct ztp_registry **out, size_t limit)
{
	struct listing listing = {after, out, 0, limit};

	if (limit > 0)
		ztp_registries_each(registries, list, &listing);
	return listing.count;
}
