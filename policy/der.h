/*
 * policy/der.h - DER (X.690 section 10 and 11) as opposed to BER: two
 * encodings of one certificate would be two fingerprints of one thing. What
 * ztp_der_strict has passed is then read as views, without a copy and without
 * an allocation. Private to policy/. Pure; any thread.
 */
#ifndef ZTP_POLICY_DER_H
#define ZTP_POLICY_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ztp/codec.h"

/* Identifier octets; context-specific [n] is ZTP_DER_CONTEXT | n. */
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
	uint8_t id; /* the first octet; 0 stands for no element at all */
	struct ztp_str whole, contents;
};

/* AlgorithmIdentifier (RFC 5280 4.1.1.2) */
struct ztp_der_algorithm {
	struct ztp_str whole, oid;
	struct ztp_der parameter; /* id 0 where there is none */
};

/* True when the bytes are exactly one element, in DER at every level: tags
 * and lengths definite and minimal, strings primitive, SET OF sorted, values
 * of the basic types canonical. DEFAULT values that are written all the same
 * are for the caller to find, who knows the type; and so are values whose
 * type an implicit tag hides. */
bool ztp_der_strict(const void *der, size_t len);

/* All three take from the front of *rest, which on failure may be anywhere:
 * the next element; the contents of one that must be of this kind; the same
 * where it may be missing (false, and *rest where it was). */
bool ztp_der_next(struct ztp_str *rest, struct ztp_der *element);
bool ztp_der_take(struct ztp_str *rest, uint8_t id, struct ztp_str *contents);
bool ztp_der_optional(struct ztp_str *rest, uint8_t id,
		      struct ztp_str *contents);

bool ztp_der_same(struct ztp_str a, struct ztp_str b);

bool ztp_der_algorithm(struct ztp_str *rest,
		       struct ztp_der_algorithm *algorithm);

#endif
