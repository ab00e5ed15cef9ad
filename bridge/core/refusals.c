#include "bridge/core/refusals.h"

#include <string.h>

static struct refusal *find_same(struct refusals *refusals,
				 const struct refusal *wanted)
{
	int i;

	for (i = 0; i < refusals->count; i++) {
		struct refusal *r = &refusals->list[i];

		if (r->code == wanted->code &&
		    strcmp(r->path, wanted->path) == 0 &&
		    strcmp(r->remote_addr, wanted->remote_addr) == 0)
			return r;
	}
	return NULL;
}

static int entries_of(const struct refusals *refusals, const char *code)
{
	int i, n = 0;

	for (i = 0; i < refusals->count; i++)
		n += refusals->list[i].code == code;
	return n;
}

/* The oldest entry of the code that has the most. */
static struct refusal *find_victim(struct refusals *refusals)
{
	struct refusal *victim = &refusals->list[0];
	int i, n, most = entries_of(refusals, victim->code);

	for (i = 1; i < refusals->count; i++) {
		struct refusal *r = &refusals->list[i];

		n = entries_of(refusals, r->code);
		if (n > most || (n == most && r->age < victim->age)) {
			victim = r;
			most = n;
		}
	}
	return victim;
}

void refusals_add(struct refusals *refusals, const struct refusal *refusal)
{
	struct refusal *place = find_same(refusals, refusal);
	uint64_t before = place ? place->count : 0;

	if (!place)
		place = refusals->count < REFUSALS_MAX
				? &refusals->list[refusals->count++]
				: find_victim(refusals);
	*place = *refusal;
	place->count += before;
	place->age = ++refusals->age;
}

int refusals_list(const struct refusals *refusals,
		  const struct refusal *list[REFUSALS_MAX])
{
	for (int i = 0; i < refusals->count; i++) {
		const struct refusal *one = &refusals->list[i];
		int at = i;

		for (; at > 0 && list[at - 1]->age < one->age; at--)
			list[at] = list[at - 1];
		list[at] = one;
	}
	return refusals->count;
}

void refusals_move(struct refusals *refusals, struct refusals *batch)
{
	const struct refusal *list[REFUSALS_MAX];
	int i = refusals_list(batch, list);

	while (i-- > 0)
		refusals_add(refusals, list[i]);
	batch->count = 0;
}
