/*
 * policy/der.h - strict DER (X.690 sections 10 and 11). BER would allow several
 * encodings, and so several fingerprints, of one certificate. What
 * ztp_der_strict has accepted is read as views, without copies or allocations.
 * Private to policy/. Pure; any thread.
 */
#ifndef ZTP_POLICY_DER_H
#define ZTP_POLICY_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ztp/codec.h"

/* Identifier octets. Context-specific [n] is ZTP_DER_CONTEXT | n. */
enum {
	ZTP_DER_BOOLEAN = 0x01,
	ZTP_DER_INTEGER = 0x02,
	ZTP_DER_BITS = 0x03,
	ZTP_DER_OCTETS = 0x04,
	ZTP_DER_NULL = 0x05,
	ZTP_DER_OID = 0x06,
	ZTP_DER_UTC_TIME = 0x17,
	ZTP_DER_TIME = 0x18,
	ZTP_DER_SEQUENCE = 0x30,
	ZTP_DER_SET = 0x31,
	ZTP_DER_CONTEXT = 0x80,
	ZTP_DER_CONSTRUCTED = 0x20,
};

struct ztp_der {
	uint8_t id; /* the identifier octet; 0 means no element */
	struct ztp_str whole, contents;
};

/* AlgorithmIdentifier (RFC 5280 4.1.1.2) */
struct ztp_der_algorithm {
	struct ztp_str whole, oid;
	struct ztp_der parameter; /* id is 0 when absent */
};

/* True when the bytes are exactly one element in DER at every level: tags and
 * lengths definite and minimal, strings primitive, SET OF sorted, values of the
 * basic types canonical. The caller, who knows the types, checks that no
 * DEFAULT value is written, and checks values behind implicit tags. */
bool ztp_der_strict(const void *der, size_t len);

/* These three read from the front of *rest. ztp_der_next takes the next
 * element, ztp_der_take the contents of an element with this id.
 * ztp_der_optional does the same, and leaves *rest alone if the next element
 * has another id. After any other failure *rest is undefined. */
bool ztp_der_next(struct ztp_str *rest, struct ztp_der *element);
bool ztp_der_take(struct ztp_str *rest, uint8_t id, struct ztp_str *contents);
bool ztp_der_optional(struct ztp_str *rest, uint8_t id,
		      struct ztp_str *contents);

bool ztp_der_same(struct ztp_str a, struct ztp_str b);

bool ztp_der_algorithm(struct ztp_str *rest,
		       struct ztp_der_algorithm *algorithm);

#endif
