#include "gate/recent.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "gate/map.h"

#define WAYS	 8
#define SETS	 (ZTP_RECENT_MAX / WAYS)
#define ID_BYTES 16 /* of the SHA-256: enough to tell any two apart */

struct entry {
	uint8_t id[ID_BYTES];
	int64_t until; /* 0: empty */
};

struct ztp_recent {
	struct ztp_map hashing; /* only its seed is used */
	int64_t keep_ms;
	struct entry entries[SETS][WAYS];
};

struct ztp_recent *ztp_recent_new(int64_t keep_ms)
{
	struct ztp_recent *recent = calloc(1, sizeof(*recent));

	if (!recent)
		return NULL;
	recent->keep_ms = keep_ms;
	ztp_random(&recent->hashing.seed, sizeof(uint64_t));
	return recent;
}

void ztp_recent_free(struct ztp_recent *recent)
{
	free(recent);
}

static size_t set_of(const struct ztp_recent *recent, const uint8_t *id)
{
	return ztp_map_hash(&recent->hashing, id, ID_BYTES) % SETS;
}

void ztp_recent_note(struct ztp_recent *recent,
		     const uint8_t id[ZTP_SHA256_LEN], int64_t now_ms)
{
	struct entry *set = recent->entries[set_of(recent, id)];
	struct entry *oldest = &set[0];

	for (size_t i = 0; i < WAYS; i++) {
		if (memcmp(set[i].id, id, ID_BYTES) == 0) {
			oldest = &set[i];
			break;
		}
		if (set[i].until < oldest->until)
			oldest = &set[i];
	}
	memcpy(oldest->id, id, ID_BYTES);
	oldest->until = now_ms + recent->keep_ms;
}

bool ztp_recent_has(const struct ztp_recent *recent,
		    const uint8_t id[ZTP_SHA256_LEN], int64_t now_ms)
{
	const struct entry *set = recent->entries[set_of(recent, id)];

	for (size_t i = 0; i < WAYS; i++)
		if (memcmp(set[i].id, id, ID_BYTES) == 0)
			return now_ms < set[i].until;
	return false;
}
