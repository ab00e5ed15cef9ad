/*
 * By the first half of their SHA-256: nobody can make two of them meet. Half of a
 * table is free.
 *
 * A topic may name any number of requests. When the newer of two tables is full,
 * the older is forgotten, and the newer takes its place.
 */
#include "tools/common/id_set.h"

#include <stdlib.h>
#include <string.h>

#include "ztp/codec.h"

#define FIRST_SIZE 1024
#define IDS_MAX	   (1024 * 1024) /* in a table: 32 MiB */
#define KEY	   (ZTP_SHA256_LEN / 2)

struct table {
	uint8_t (*keys)[KEY]; /* owned; all zero: free */
	size_t size, count;   /* size is a power of two */
};

struct ztp_id_set {
	struct table newer, older; /* older.size 0: none */
};

static size_t place(const struct table *table, const uint8_t key[KEY])
{
	static const uint8_t none[KEY];
	size_t at;

	memcpy(&at, key, sizeof(at));
	for (at &= table->size - 1; memcmp(table->keys[at], none, KEY) != 0 &&
				    memcmp(table->keys[at], key, KEY) != 0;)
		at = (at + 1) & (table->size - 1);
	return at;
}

static bool make(struct table *table, size_t size)
{
	*table = (struct table){.size = size};
	table->keys = calloc(size, KEY);
	return table->keys != NULL;
}

static bool grow(struct table *table)
{
	static const uint8_t none[KEY];
	struct table larger;

	if (!make(&larger, 2 * table->size))
		return false;
	for (size_t i = 0; i < table->size; i++)
		if (memcmp(table->keys[i], none, KEY) != 0)
			memcpy(larger.keys[place(&larger, table->keys[i])],
			       table->keys[i], KEY);
	larger.count = table->count;
	free(table->keys);
	*table = larger;
	return true;
}

/* Makes room for one more. */
static bool make_room(struct ztp_id_set *set)
{
	struct table fresh;

	if (set->newer.count < IDS_MAX)
		return 2 * (set->newer.count + 1) <= set->newer.size ||
		       grow(&set->newer);
	if (!make(&fresh, FIRST_SIZE))
		return false;
	free(set->older.keys);
	set->older = set->newer;
	set->newer = fresh;
	return true;
}

static void make_key(uint8_t key[KEY], const char *request_id)
{
	uint8_t hash[ZTP_SHA256_LEN];

	ztp_sha256(hash, request_id, strlen(request_id));
	memcpy(key, hash, KEY);
}

static bool table_has(const struct table *table, const uint8_t key[KEY])
{
	return table->size > 0 &&
	       memcmp(table->keys[place(table, key)], key, KEY) == 0;
}

static bool has_key(const struct ztp_id_set *set, const uint8_t key[KEY])
{
	return table_has(&set->newer, key) || table_has(&set->older, key);
}

struct ztp_id_set *ztp_id_set_new(void)
{
	struct ztp_id_set *set = calloc(1, sizeof(*set));

	if (set && make(&set->newer, FIRST_SIZE))
		return set;
	free(set);
	return NULL;
}

void ztp_id_set_free(struct ztp_id_set *set)
{
	if (!set)
		return;
	free(set->newer.keys);
	free(set->older.keys);
	free(set);
}

bool ztp_id_set_has(const struct ztp_id_set *set, const char *request_id)
{
	uint8_t key[KEY];

	make_key(key, request_id);
	return has_key(set, key);
}

bool ztp_id_set_add(struct ztp_id_set *set, const char *request_id)
{
	uint8_t key[KEY];

	make_key(key, request_id);
	if (has_key(set, key))
		return true;
	if (!make_room(set))
		return false;
	memcpy(set->newer.keys[place(&set->newer, key)], key, KEY);
	set->newer.count++;
	return true;
}
