#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/asn1.h>
#include <stdlib.h>
#include <string.h>

#include "certs.h"

void *certs_exact(const void *bytes, size_t len)
{
	void *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	if (len > 0)
		memcpy(copy, bytes, len);
	return copy;
}

size_t certs_find(const uint8_t *der, size_t len, const void *bytes,
		  size_t bytes_len, int n)
{
	const uint8_t *at = der;

	for (;; at++) {
		at = memmem(at, len - (size_t)(at - der), bytes, bytes_len);
		assert_non_null(at);
		if (n-- == 0)
			return (size_t)(at - der);
	}
}

struct splice {
	const uint8_t *at;
	size_t old_len;
	const uint8_t *bytes;
	size_t bytes_len;
};

/* Writes [in, end), a series of elements, to out. Returns the end of the
 * output. */
static uint8_t *rewrite(uint8_t *out, const uint8_t *in, const uint8_t *end,
			const struct splice *splice)
{
	while (in < end) {
		const uint8_t *value = in;
		uint8_t *body, *body_end;
		long len;
		int tag, class, flags;

		if (in == splice->at) {
			memcpy(out, splice->bytes, splice->bytes_len);
			out += splice->bytes_len;
			in += splice->old_len;
			continue;
		}
		flags = ASN1_get_object(&value, &len, &tag, &class, end - in);
		assert_false(flags & 0x80);
		if (splice->at < value || splice->at >= value + len) {
			memcpy(out, in, (size_t)(value + len - in));
			out += value + len - in;
		} else {
			body = malloc((size_t)len + splice->bytes_len + 64);
			assert_non_null(body);
			body_end = rewrite(body, value, value + len, splice);
			ASN1_put_object(&out, flags & 0x20,
					(int)(body_end - body), tag, class);
			memcpy(out, body, (size_t)(body_end - body));
			out += body_end - body;
			free(body);
		}
		in = value + len;
	}
	return out;
}

uint8_t *certs_splice(const uint8_t *der, size_t len, size_t at, size_t old_len,
		      const void *bytes, size_t bytes_len, size_t *out_len)
{
	struct splice splice = {der + at, old_len, bytes, bytes_len};
	uint8_t *out = malloc(len + bytes_len + 64);

	assert_non_null(out);
	*out_len = (size_t)(rewrite(out, der, der + len, &splice) - out);
	return out;
}
