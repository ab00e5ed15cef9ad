#include "tests/sim/certs.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

struct der {
	uint8_t bytes[512];
	size_t n;
};

static void put(struct der *to, const void *bytes, size_t n)
{
	memcpy(to->bytes + to->n, bytes, n);
	to->n += n;
}

static void put_value(struct der *to, uint8_t tag, const void *value, size_t n)
{
	uint8_t head[4] = {tag, (uint8_t)n};
	size_t len = 2;

	if (n >= 256) {
		head[1] = 0x82;
		head[2] = (uint8_t)(n >> 8);
		head[3] = (uint8_t)n;
		len = 4;
	} else if (n >= 128) {
		head[1] = 0x81;
		head[2] = (uint8_t)n;
		len = 3;
	}
	put(to, head, len);
	put(to, value, n);
}

static void put_algorithm(struct der *to) /* ecdsa-with-SHA256 */
{
	static const uint8_t der[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
				      0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};

	put(to, der, sizeof(der));
}

static void put_name(struct der *to, const char *cn)
{
	static const uint8_t oid[] = {0x06, 0x03, 0x55, 0x04, 0x03};
	struct der pair = {.n = 0}, set = {.n = 0}, name = {.n = 0};

	put(&pair, oid, sizeof(oid));
	put_value(&pair, 0x0c, cn, strlen(cn));
	put_value(&set, 0x30, pair.bytes, pair.n);
	put_value(&name, 0x31, set.bytes, set.n);
	put_value(to, 0x30, name.bytes, name.n);
}

static void put_key(struct der *to) /* P-256; its own base point will do */
{
	static const uint8_t der[] = {
		0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce,
		0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
		0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04, 0x6b, 0x17, 0xd1,
		0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63,
		0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33,
		0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f,
		0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb,
		0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b,
		0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51,
		0xf5};

	put(to, der, sizeof(der));
}

static void put_body(struct der *to, uint32_t n)
{
	uint8_t serial[4] = {(uint8_t)(0x40 | (n >> 24 & 0x3f)),
			     (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
	struct der body = {.n = 0}, validity = {.n = 0};

	put_value(&body, 0x02, serial, sizeof(serial));
	put_algorithm(&body);
	put_name(&body, "registry-ca");
	put_value(&validity, 0x17, "260101000000Z", 13);
	put_value(&validity, 0x17, "400101000000Z", 13);
	put_value(&body, 0x30, validity.bytes, validity.n);
	put_name(&body, "unused-device");
	put_key(&body);
	put_value(to, 0x30, body.bytes, body.n);
}

void certs_make(struct sim_cert *cert, uint32_t n)
{
	static const uint8_t signature[] = {0x00, 0x30, 0x06, 0x02, 0x01,
					    0x2a, 0x02, 0x01, 0x2a};
	struct der inner = {.n = 0}, der = {.n = 0};

	put_body(&inner, n);
	put_algorithm(&inner);
	put_value(&inner, 0x03, signature, sizeof(signature));
	put_value(&der, 0x30, inner.bytes, inner.n);
	cert->base64 = sim_alloc(der.n * 4 / 3 + 8);
	ztp_base64_encode(cert->base64, der.bytes, der.n);
	if (!strstr(cert->base64, SIM_CERT_MARK))
		abort();
	ztp_sha256(cert->fingerprint, der.bytes, der.n);
	ztp_hex_encode(cert->hex, cert->fingerprint, ZTP_SHA256_LEN);
}
