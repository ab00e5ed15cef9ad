#include "gate/throttle.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "gate/map.h"

#define SETS 256
#define WAYS 8
#define UNIT 1000 /* a token in thousandths */

struct bucket {
	uint64_t key; /* 0: empty */
	struct ztp_bucket level;
	uint64_t left_out;
	char name[ZTP_THROTTLE_NAME];
};

struct ztp_throttle {
	struct ztp_throttle_rule rule;
	struct ztp_map hashing; /* only its seed is used */
	uint64_t homeless;	/* left out by buckets that were replaced */
	size_t next;		/* where the next report begins */
	struct bucket buckets[SETS][WAYS];
};

struct ztp_throttle *ztp_throttle_new(struct ztp_throttle_rule rule)
{
	struct ztp_throttle *throttle = calloc(1, sizeof(*throttle));

	if (!throttle)
		return NULL;
	throttle->rule = rule;
	ztp_random(&throttle->hashing.seed, sizeof(uint64_t));
	return throttle;
}

void ztp_throttle_free(struct ztp_throttle *throttle)
{
	free(throttle);
}

void ztp_throttle_source(struct ztp_throttle_source *source,
			 const char *address)
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
	unsigned char *bytes = source->bytes;
	char text[INET6_ADDRSTRLEN];
	size_t len = strcspn(address, "%"); /* fe80::1%eth0 */

	memset(bytes, 0, sizeof(source->bytes));
	if (len >= sizeof(text))
		return;
	memcpy(text, address, len);
	text[len] = '\0';
	if (inet_pton(AF_INET, text, bytes + sizeof(mapped)) == 1)
		memcpy(bytes, mapped, sizeof(mapped));
	else if (inet_pton(AF_INET6, text, bytes) != 1)
		memset(bytes, 0, sizeof(source->bytes));
	else if (memcmp(bytes, mapped, sizeof(mapped)) != 0)
		memset(bytes + 8, 0, 8);
}

static void refill(struct ztp_bucket *bucket, struct ztp_throttle_rule rule,
		   int64_t now_ms)
{
	int64_t back = (now_ms - bucket->at) * rule.per_second;

	bucket->debt = back >= bucket->debt ? 0 : bucket->debt - back;
	bucket->at = now_ms;
}

bool ztp_bucket_take(struct ztp_bucket *bucket, struct ztp_throttle_rule rule,
		     int64_t now_ms)
{
	refill(bucket, rule, now_ms);
	if (bucket->debt + UNIT > rule.burst * UNIT)
		return false;
	bucket->debt += UNIT;
	return true;
}

static uint64_t key_of(const struct ztp_throttle *throttle, const void *key,
		       size_t len)
{
	uint64_t hash = ztp_map_hash(&throttle->hashing, key, len);

	return hash ? hash : 1;
}

static struct bucket *find(struct ztp_throttle *throttle, uint64_t key)
{
	struct bucket *set = throttle->buckets[key % SETS];

	for (size_t i = 0; i < WAYS; i++)
		if (set[i].key == key)
			return &set[i];
	return NULL;
}

static struct bucket *place(struct ztp_throttle *throttle, uint64_t key,
			    int64_t now_ms)
{
	struct bucket *set = throttle->buckets[key % SETS];
	struct bucket *fullest = &set[0];

	for (size_t i = 0; i < WAYS; i++) {
		refill(&set[i].level, throttle->rule, now_ms);
		if (set[i].key == 0) {
			fullest = &set[i];
			break;
		}
		if (set[i].level.debt < fullest->level.debt)
			fullest = &set[i];
	}
	throttle->homeless += fullest->left_out;
	*fullest = (struct bucket){.key = key};
	return fullest;
}

bool ztp_throttle_take(struct ztp_throttle *throttle, const void *key,
		       size_t len, const char *name, int64_t now_ms)
{
	uint64_t hash = key_of(throttle, key, len);
	struct bucket *bucket = find(throttle, hash);

	if (!bucket)
		bucket = place(throttle, hash, now_ms);
	if (name && !bucket->name[0])
		snprintf(bucket->name, sizeof(bucket->name), "%s", name);
	if (ztp_bucket_take(&bucket->level, throttle->rule, now_ms))
		return true;
	bucket->left_out++;
	return false;
}

void ztp_throttle_drain(
	struct ztp_throttle *throttle, size_t max, int64_t now_ms,
	void (*tell)(const char *name, uint64_t left_out, void *arg), void *arg)
{
	uint64_t homeless = throttle->homeless;

	for (size_t i = 0; max > 0 && i < (size_t)SETS * WAYS; i++) {
		size_t at = throttle->next;
		struct bucket *bucket =
			&throttle->buckets[at / WAYS][at % WAYS];
		uint64_t left_out = bucket->left_out;

		throttle->next = (at + 1) % ((size_t)SETS * WAYS);
		/* reporting costs a token as well */
		if (left_out == 0 ||
		    !ztp_bucket_take(&bucket->level, throttle->rule, now_ms))
			continue;
		bucket->left_out = 0;
		tell(bucket->name, left_out, arg);
		max--;
	}
	throttle->homeless = 0;
	if (homeless)
		tell("", homeless, arg);
}
