/*
 * base/tls_why.h - why a server's certificate was not accepted, for people: who
 * issued it, the file in which that issuer is missing, the name that it is not
 * for. Never blocks; any thread.
 */
#ifndef ZTP_BASE_TLS_WHY_H
#define ZTP_BASE_TLS_WHY_H

#include <openssl/x509.h>
#include <stddef.h>

#define ZTP_TLS_WHY_MAX 512 /* bytes, with the NUL */

/* What was asked for. */
struct ztp_tls_wish {
	const char *host;
	const char *ca_file; /* NULL or "": the system's CAs */
};

/* Verifies the chain in store, as OpenSSL would, and the name. Returns 1, or 0
 * with the reason in out. For SSL_CTX_set_cert_verify_callback. */
int ztp_tls_why(char out[ZTP_TLS_WHY_MAX], X509_STORE_CTX *store,
		const struct ztp_tls_wish *wish);

#endif
