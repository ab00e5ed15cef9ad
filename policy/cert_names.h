/*
 * policy/cert_names.h - the names in a certificate as text that is safe to
 * pass on. Private to policy/. Pure; any thread.
 */
#ifndef ZTP_POLICY_CERT_NAMES_H
#define ZTP_POLICY_CERT_NAMES_H

#include <openssl/x509.h>

#include "ztp/cert.h"

/* As XN_FLAG_RFC2253 writes it, which is ASCII; cut to ZTP_NAME_MAX bytes,
 * between two characters, however they are escaped. */
int ztp_cert_name(char out[ZTP_NAME_MAX + 1], const X509_NAME *name,
		  const char *what, struct ztp_error *error);

/* Fills cert->san from the contents of a subjectAltName extension; what was
 * filled before a failure is for ztp_cert_clear. */
int ztp_cert_alt_names(struct ztp_cert *cert, const uint8_t *der, size_t len,
		       struct ztp_error *error);

#endif
