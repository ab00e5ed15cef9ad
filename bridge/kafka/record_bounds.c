#include "bridge/kafka/record_bounds.h"

#include <stdio.h>
#include <string.h>

static void fill(struct record_identity *identity,
		 const uint8_t sha256[ZTP_SHA256_LEN], int64_t size)
{
	ztp_hex_encode(identity->sha256, sha256, ZTP_SHA256_LEN);
	snprintf(identity->size, sizeof(identity->size), "%lld",
		 (long long)size);
}

size_t record_identity(struct ztp_header *headers,
		       struct record_identity *identity,
		       const uint8_t sha256[ZTP_SHA256_LEN], int64_t size)
{
	fill(identity, sha256, size);
	headers[0] =
		(struct ztp_header){"ztp.sha256", ztp_str_of(identity->sha256)};
	headers[1] =
		(struct ztp_header){"ztp.size", ztp_str_of(identity->size)};
	return 2;
}

size_t record_bound_key(struct ztp_header *headers,
			struct record_identity *identity, struct ztp_str *key)
{
	uint8_t sha256[ZTP_SHA256_LEN];

	if (key->n <= RECORD_KEY_MAX)
		return 0;
	ztp_sha256(sha256, key->p, key->n);
	fill(identity, sha256, (int64_t)key->n);
	headers[0] = (struct ztp_header){"ztp.key.sha256",
					 ztp_str_of(identity->sha256)};
	headers[1] =
		(struct ztp_header){"ztp.key.size", ztp_str_of(identity->size)};
	*key = (struct ztp_str){NULL, 0};
	return 2;
}

size_t record_copy_headers(struct ztp_header *headers, size_t room,
			   const struct ztp_header *originals, size_t count,
			   char left_out[24])
{
	size_t i, n = 0, bytes = 0, missing = 0;

	for (i = 0; i < count; i++) {
		size_t name = strlen(originals[i].name);
		size_t value = originals[i].value.n;

		if (n + 1 >= room || name > UINT8_MAX ||
		    value > RECORD_HEADER_MAX ||
		    bytes + name + value > RECORD_HEADERS_MAX) {
			missing++;
			continue;
		}
		bytes += name + value;
		headers[n++] = originals[i];
	}
	if (missing == 0)
		return n;
	snprintf(left_out, 24, "%zu", missing);
	headers[n++] = (struct ztp_header){"ztp.headers.left_out",
					   ztp_str_of(left_out)};
	return n;
}
