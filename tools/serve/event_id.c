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

bool event_read(struct key *event, const struct ztp_header *headers,
		size_t count)
{
	struct ztp_str id =
		ztp_header_get(headers, count, ZTP_CE_HEADER(ZTP_CE_ID));
	struct ztp_str source =
		ztp_header_get(headers, count, ZTP_CE_HEADER(ZTP_CE_SOURCE));
	char text[EVENT_ID_LEN];

	if (!ztp_str_is(source, EVENT_SOURCE) || id.n != EVENT_ID_LEN - 1)
		return false;
	memcpy(text, id.p, id.n);
	text[id.n] = '\0';
	event_key(event, text);
	return true;
}
