/*
 * policy/cert_names.h - the names in a certificate, as text that is safe to
 * pass on. Private to policy/. Pure; any thread.
 */
#ifndef ZTP_POLICY_CERT_NAMES_H
#define ZTP_POLICY_CERT_NAMES_H

#include <openssl/x509.h>

#include "ztp/cert.h"

/* True when all bytes are printable ASCII (0x20 to 0x7e). */
bool ztp_text_graphic(struct ztp_str text);

struct ztp_name {
	bool empty;
	bool too_many;	   /* attributes */
	X509_NAME *parsed; /* owned; NULL for a plain name, already written */
};

/* Reads a Name (a whole SEQUENCE in strict DER). A plain name is written to out
 * right away. Any other is parsed into *name for ztp_name_text, which also says
 * what is wrong with it. False when it is not a Name. The caller clears
 * OpenSSL's error queue. */
bool ztp_name_read(struct ztp_name *name, char out[ZTP_NAME_MAX + 1],
		   struct ztp_str der);

/* Completes out: the name as XN_FLAG_RFC2253 writes it, which is ASCII,
 * truncated to ZTP_NAME_MAX bytes between two characters. */
int ztp_name_text(char out[ZTP_NAME_MAX + 1], const struct ztp_name *name,
		  const char *what, struct ztp_error *error);

/* *name is all zero, or ztp_name_read was called, whatever it returned. */
void ztp_name_clear(struct ztp_name *name);

#endif
