/*
 * policy/der.h - DER (X.690 section 10 and 11) as opposed to BER. OpenSSL's
 * decoder takes both; two encodings of one certificate would be two
 * fingerprints of one thing. Private to policy/. Pure; any thread.
 */
#ifndef ZTP_POLICY_DER_H
#define ZTP_POLICY_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ztp/codec.h"

/* True when the bytes are exactly one element, in DER at every level: tags
 * and lengths definite and minimal, strings primitive, SET OF sorted, values
 * of the basic types canonical. DEFAULT values that are written all the same
 * are for the caller to find, who knows the type. */
bool ztp_der_strict(const void *der, size_t len);

/* Takes the element at the front of *rest; *contents may be NULL. */
bool ztp_der_take(struct ztp_str *rest, struct ztp_str *element,
		  struct ztp_str *contents);

#endif
