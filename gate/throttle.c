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
	int64_t debt; /* thousandths that were taken and have not come back yet */
	int64_t at;
	uint64_t left_out;
	char name[ZTP_THROTTLE_NAME];
};

struct ztp_throttle {
	struct ztp_throttle_rule rule;
	struct ztp_map hashing; /* only its seed is used */
	uint64_t homeless;	/* left out by buckets that were replaced */
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

static void refill(const struct ztp_throttle *throttle, struct bucket *bucket,
		   int64_t now_ms)
{
	int64_t back = (now_ms - bucket->at) * throttle->rule.per_second;

	bucket->debt = back >= bucket->debt ? 0 : bucket->debt - back;
	bucket->at = now_ms;
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
		refill(throttle, &set[i], now_ms);
		if (set[i].key == 0) {
			fullest = &set[i];
			break;
		}
		if (set[i].debt < fullest->debt)
			fullest = &set[i];
	}
	throttle->homeless += fullest->left_out;
	*fullest = (struct bucket){.key = key, .at = now_ms};
	return fullest;
}

static bool has_token(const struct ztp_throttle *throttle,
		      const struct bucket *bucket)
{
	return bucket->debt + UNIT <= throttle->rule.burst * UNIT;
}

bool ztp_throttle_ready(struct ztp_throttle *throttle, const void *key,
			size_t len, int64_t now_ms)
{
	struct bucket *bucket = find(throttle, key_of(throttle, key, len));

	if (!bucket)
		return true;
	refill(throttle, bucket, now_ms);
	return has_token(throttle, bucket);
}

bool ztp_throttle_take(struct ztp_throttle *throttle, const void *key,
		       size_t len, const char *name, int64_t now_ms)
{
	uint64_t hash = key_of(throttle, key, len);
	struct bucket *bucket = find(throttle, hash);

	if (!bucket)
		bucket = place(throttle, hash, now_ms);
	refill(throttle, bucket, now_ms);
	if (name && !bucket->name[0])
		snprintf(bucket->name, sizeof(bucket->name), "%s", name);
	if (!has_token(throttle, bucket)) {
		bucket->left_out++;
		return false;
	}
	bucket->debt += UNIT;
	return true;
}

void ztp_throttle_drain(struct ztp_throttle *throttle, int64_t now_ms,
			void (*tell)(const char *name, uint64_t left_out,
				     void *arg),
			void *arg)
{
	uint64_t homeless = throttle->homeless;

	for (size_t i = 0; i < (size_t)SETS * WAYS; i++) {
		struct bucket *bucket = &throttle->buckets[i / WAYS][i % WAYS];
		uint64_t left_out = bucket->left_out;

		if (left_out == 0)
			continue;
		refill(throttle, bucket, now_ms);
		if (!has_token(throttle, bucket))
			continue;
		bucket->debt += UNIT; /* reporting costs one as well */
		bucket->left_out = 0;
		tell(bucket->name, left_out, arg);
	}
	throttle->homeless = 0;
	if (homeless)
		tell("", homeless, arg);
}
