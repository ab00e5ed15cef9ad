/*
 * policy/cert_text.h - decodes PEM in all its variants, or bare base64, to DER.
 * Private to policy/. Pure; any thread.
 */
#ifndef ZTP_POLICY_CERT_TEXT_H
#define ZTP_POLICY_CERT_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "ztp/error.h"

/* Decodes one PEM block with this label, or, if bare is true, base64 without
 * PEM lines around it. The caller frees *der. The text has at most max bytes.
 * Line breaks may be missing, be spaces, or be written as \n or \r\n. Only
 * white space may surround the block. */
int ztp_cert_text_decode(uint8_t **der, size_t *der_len, const char *label,
			 bool bare, const char *text, size_t len,
			 struct ztp_error *error);

#endif
