/*
 * policy/base64.h - base64 whose end somebody else looks for. Private to
 * policy/; in codec.c.
 */
#ifndef ZTP_POLICY_BASE64_H
#define ZTP_POLICY_BASE64_H

#include "ztp/codec.h"

/* Decodes the groups of four digits at the front of text until there is one
 * that holds anything else (padding, a line break), and returns how many
 * digits that were; out has room for three bytes for each four. */
size_t ztp_base64_groups(uint8_t *out, const char *text, size_t len);

#endif
