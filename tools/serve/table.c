#include "tools/serve/table.h"

#include <stdlib.h>
#include <string.h>

#include "ztp/codec.h"

#define FIRST_SIZE 256

void key_make(struct key *key, char kind, const void *text, size_t len)
{
	uint8_t both[1 + ZTP_SHA256_LEN], hash[ZTP_SHA256_LEN];

	both[0] = (uint8_t)kind;
	ztp_sha256(both + 1, text, len);
	ztp_sha256(hash, both, sizeof(both));
	memcpy(key->bytes, hash, KEY_LEN);
}

bool key_same(const struct key *a, const struct key *b)
{
	return memcmp(a->bytes, b->bytes, KEY_LEN) == 0;
}

static size_t home(const struct table *table, const struct key *key)
{
	size_t at;

	memcpy(&at, key->bytes, sizeof(at));
	return at & (table->size - 1);
}

/* The key's slot, or the free one where it would be. */
static size_t place(const struct table *table, const struct key *key)
{
	size_t at = home(table, key);

	while (table->slots[at].value && !key_same(&table->slots[at].key, key))
		at = (at + 1) & (table->size - 1);
	return at;
}

void *table_get(const struct table *table, const struct key *key)
{
	return table->size ? table->slots[place(table, key)].value : NULL;
}

static bool grow(struct table *table)
{
	struct table larger = {.size = table->size ? 2 * table->size
						   : FIRST_SIZE,
			       .count = table->count};

	larger.slots = calloc(larger.size, sizeof(*larger.slots));
	if (!larger.slots)
		return false;
	for (size_t i = 0; i < table->size; i++)
		if (table->slots[i].value)
			larger.slots[place(&larger, &table->slots[i].key)] =
				table->slots[i];
	free(table->slots);
	*table = larger;
	return true;
}

bool table_put(struct table *table, const struct key *key, void *value)
{
	struct slot *slot;

	if (4 * (table->count + 1) > 3 * table->size && !grow(table))
		return false;
	slot = &table->slots[place(table, key)];
	table->count += !slot->value;
	*slot = (struct slot){*key, value};
	return true;
}

/* What stands behind the gap moves up, unless it would then stand before its
 * home. */
void table_remove(struct table *table, const struct key *key)
{
	size_t mask = table->size - 1, gap, at;

	if (!table->size)
		return;
	gap = place(table, key);
	if (!table->slots[gap].value)
		return;
	table->count--;
	for (at = (gap + 1) & mask; table->slots[at].value;
	     at = (at + 1) & mask) {
		size_t from = home(table, &table->slots[at].key);

		if (((at - from) & mask) >= ((at - gap) & mask)) {
			table->slots[gap] = table->slots[at];
			gap = at;
		}
	}
	table->slots[gap].value = NULL;
}

void table_clear(struct table *table)
{
	free(table->slots);
	*table = (struct table){.size = 0};
}
