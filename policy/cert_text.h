/*
 * policy/cert_text.h - from PEM in all its shapes, or bare base64, to DER.
 * Private to policy/. Pure; any thread.
 */
#ifndef ZTP_POLICY_CERT_TEXT_H
#define ZTP_POLICY_CERT_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "ztp/error.h"

/* Decodes one PEM block with this label, or (where bare is true) base64 with
 * no PEM lines around it, to *der, which the caller frees. The text is at most
 * max bytes; line breaks may be missing, be spaces, or be written as \n or
 * \r\n; around the block there may be nothing but white space. */
int ztp_cert_text_decode(uint8_t **der, size_t *der_len, const char *label,
			 bool bare, const char *text, size_t len,
			 struct ztp_error *error);

#endif
