/*
 * policy/base64.h - the fast part of base64 decoding, in codec.c. Private to
 * policy/.
 */
#ifndef ZTP_POLICY_BASE64_H
#define ZTP_POLICY_BASE64_H

#include "ztp/codec.h"

/* Decodes groups of four digits from the front of text, up to the first group
 * that contains anything else (padding, a line break). Returns how many digits
 * it decoded. out has room for three bytes per group. */
size_t ztp_base64_groups(uint8_t *out, const char *text, size_t len);

#endif
