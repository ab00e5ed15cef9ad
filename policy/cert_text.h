/*
 * policy/cert_text.h - decodes PEM in all its variants, or bare base64, to DER.
 * Private to policy/. Pure; any thread.
 */
#ifndef ZTP_POLICY_CERT_TEXT_H
#define ZTP_POLICY_CERT_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "ztp/error.h"

/* Decodes one PEM block (RFC 7468) with this label, or, if bare is true, base64
 * without PEM lines around it. Line breaks may be missing, be spaces, or be
 * written as \n or \r\n. Only white space may surround the block. The caller
 * frees *der. ZTP_ERR_EMPTY, ZTP_ERR_TOO_LARGE (beyond ZTP_CERT_TEXT_MAX),
 * ZTP_ERR_CERT or ZTP_ERR_NOMEM. */
int ztp_cert_text_decode(uint8_t **der, size_t *der_len, const char *label,
			 bool bare, const char *text, size_t len,
			 struct ztp_error *error);

#endif
