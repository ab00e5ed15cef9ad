/*
 * policy/cert_names.h - the names in a certificate as text that is safe to
 * pass on. Private to policy/. Pure; any thread.
 */
#ifndef ZTP_POLICY_CERT_NAMES_H
#define ZTP_POLICY_CERT_NAMES_H

#include <openssl/x509.h>

#include "ztp/cert.h"

/* Nothing but 0x20 to 0x7e. */
bool ztp_text_graphic(struct ztp_str text);

struct ztp_name {
	bool empty;
	X509_NAME *parsed; /* owned; NULL for a plain one, which is written */
};

/* Reads a Name (a whole SEQUENCE, strict DER). A plain one goes to out at
 * once; any other is *name's, and ztp_name_text tells what is wrong with it,
 * when its turn has come. False when it is no Name. The library's errors are
 * the caller's to drop. */
bool ztp_name_read(struct ztp_name *name, char out[ZTP_NAME_MAX + 1],
		   struct ztp_str der);

/* Completes out as XN_FLAG_RFC2253 writes the name, which is ASCII; cut to
 * ZTP_NAME_MAX bytes, between two characters, however they are escaped. */
int ztp_name_text(char out[ZTP_NAME_MAX + 1], const struct ztp_name *name,
		  const char *what, struct ztp_error *error);

/* Of one that is all zero or was read, also in vain. */
void ztp_name_clear(struct ztp_name *name);

#endif
