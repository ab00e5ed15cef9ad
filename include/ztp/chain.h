/*
 * ztp/chain.h - is a certificate signed by one of a registry's CAs? (RFC 5280
 * section 6, with the exceptions of DESIGN section 2: a v1 leaf is accepted.)
 */
#ifndef ZTP_CHAIN_H
#define ZTP_CHAIN_H

#include "ztp/cert.h"

struct ztp_ca;

/* One certificate, in any encoding that ztp_cert_parse takes, that may sign
 * others: v3 with CA:TRUE (and keyCertSign where there is a keyUsage), or a
 * self-signed v1 root; else ZTP_ERR_CERT_USAGE. Not judged in time. Caller
 * frees with ztp_ca_free. */
int ztp_ca_parse(struct ztp_ca **ca, const char *pem, size_t len,
		 struct ztp_error *error);
const struct ztp_cert *ztp_ca_cert(const struct ztp_ca *ca); /* ca's own */
void ztp_ca_free(struct ztp_ca *ca);

/* The leaf is judged at now_ms (ztp_cert_check_leaf included): issued and
 * signed by one of the CAs (depth 1, each CA a trust anchor, valid now), not
 * itself one of them and without the key of one (ZTP_ERR_CERT_IS_CA), its key
 * usage, where there is one, fit for signatures (ZTP_ERR_CERT_USAGE), security
 * level 2. *issuer (may be NULL) becomes the index of the CA that signed.
 * ZTP_ERR_UNTRUSTED when none did. Blocks for some 100 us; not for two threads
 * with the same CAs at once. */
int ztp_chain_check(const struct ztp_cert *leaf, struct ztp_ca *const *cas,
		    size_t count, int64_t now_ms, size_t *issuer,
		    struct ztp_error *error);

#endif
