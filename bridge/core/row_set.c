#include "bridge/core/row_set.h"

#define PLACES (2 * ROW_SET_MAX)

/* Row numbers are given in order, so rows that are in flight together spread
 * evenly by themselves. */
static unsigned home_of(int64_t n)
{
	return (unsigned)((uint64_t)n % PLACES);
}

static unsigned after(unsigned place)
{
	return (place + 1) % PLACES;
}

/* Where n is, or the free place where it would be. */
static unsigned place_of(const struct row_set *set, int64_t n)
{
	unsigned place = home_of(n);

	while (set->rows[place] != 0 && set->rows[place] != n)
		place = after(place);
	return place;
}

void row_set_add(struct row_set *set, int64_t n)
{
	set->rows[place_of(set, n)] = n;
}

/* Those behind it move up, as far as each may from its home. */
void row_set_remove(struct row_set *set, int64_t n)
{
	unsigned hole = place_of(set, n), place;

	for (place = after(hole); set->rows[place] != 0; place = after(place)) {
		unsigned way = (place - home_of(set->rows[place])) % PLACES;

		if (way < (place - hole) % PLACES)
			continue;
		set->rows[hole] = set->rows[place];
		hole = place;
	}
	set->rows[hole] = 0;
}

bool row_set_has(const struct row_set *set, int64_t n)
{
	return n != 0 && set->rows[place_of(set, n)] == n;
}
