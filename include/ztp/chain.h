/*
 * ztp/chain.h - checks that one of a registry's CAs signed a certificate (RFC
 * 5280 section 6, except that a v1 leaf is accepted: DESIGN section 2). Pure. Any
 * thread, but two threads must not use the same CA at the same time.
 */
#ifndef ZTP_CHAIN_H
#define ZTP_CHAIN_H

#include "ztp/cert.h"

struct ztp_ca;

/* Reads one certificate, in any encoding that ztp_cert_parse takes. It must be
 * allowed to sign others: a v3 certificate with CA:TRUE (and keyCertSign if it
 * has a keyUsage: RFC 5280 6.1.4 k and n) or a self-signed v1 root; otherwise
 * ZTP_ERR_CERT_USAGE. Else an error of ztp_cert_parse. The validity period is not
 * checked. The caller frees *ca with ztp_ca_free. */
int ztp_ca_parse(struct ztp_ca **ca, const char *pem, size_t len,
		 struct ztp_error *error);
/* Belongs to ca. */
const struct ztp_cert *ztp_ca_cert(const struct ztp_ca *ca);
void ztp_ca_free(struct ztp_ca *ca);

/* Checks the leaf at now_ms, including everything ztp_cert_check_leaf checks:
 * - one of the CAs, each a trust anchor and valid now, issued and signed it
 *   directly (else ZTP_ERR_UNTRUSTED);
 * - it is not one of the CAs and does not have the key of one (else
 *   ZTP_ERR_CERT_IS_CA);
 * - its key usage, if present, allows signatures (else ZTP_ERR_CERT_USAGE);
 * - everything meets OpenSSL's security level 2.
 * Returns 0, one of these errors, an error of ztp_cert_check_leaf, or ZTP_ERR_NOMEM,
 * which says nothing about the leaf. *issuer, if not NULL, becomes the index of the
 * CA that signed. Takes about 100 us. */
int ztp_chain_check(const struct ztp_cert *leaf, struct ztp_ca *const *cas,
		    size_t count, int64_t now_ms, size_t *issuer,
		    struct ztp_error *error);

/* All that ztp_chain_check looks at in a leaf, except what differs between the
 * certificates that one CA issues to devices of one kind: serial number,
 * validity, subject, the key's own bits, key identifier, alternative names, and
 * the signature. Two leaves with the same shape that a CA has signed are both
 * accepted or both refused, if the CA does not constrain names. False: the leaf has
 * no shape and must be checked with ztp_chain_check. */
bool ztp_chain_shape(uint8_t shape[ZTP_SHA256_LEN],
		     const struct ztp_cert *leaf);

/* For a leaf whose shape ztp_chain_check has accepted with these CAs and this
 * issuer: is this one accepted as well? Checks all that the shape leaves out,
 * at a fifth of the cost, because the leaf's key need not be decoded. False means
 * that it is not known: ask ztp_chain_check. */
bool ztp_chain_signed(const struct ztp_cert *leaf, struct ztp_ca *const *cas,
		      size_t count, size_t issuer, int64_t now_ms);

#endif
