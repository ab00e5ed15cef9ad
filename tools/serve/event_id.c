#include "tools/serve/event_id.h"

#include <string.h>

#include "base/random.h"

void event_id_of_key(char out[EVENT_ID_LEN], const char *path,
		     struct ztp_str idempotency_key)
{
	uint8_t all[2 * ZTP_SHA256_LEN], hash[ZTP_SHA256_LEN];

	ztp_sha256(all, path, strlen(path));
	ztp_sha256(all + ZTP_SHA256_LEN, idempotency_key.p, idempotency_key.n);
	ztp_sha256(hash, all, sizeof(all));
	ztp_hex_encode(out, hash, 16);
}

void event_id_new(char out[EVENT_ID_LEN])
{
	uint8_t random[16];

	ztp_random(random, sizeof(random));
	ztp_hex_encode(out, random, sizeof(random));
}

void event_key(struct key *key, const char *id)
{
	key_make(key, 'e', id, strlen(id));
}
