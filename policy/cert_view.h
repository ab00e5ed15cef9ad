/*
 * policy/cert_view.h - the structure of a certificate (RFC 5280 section 4.1)
 * as views into its DER. Private to policy/. Pure; any thread.
 */
#ifndef ZTP_POLICY_CERT_VIEW_H
#define ZTP_POLICY_CERT_VIEW_H

#include "policy/der.h"

struct ztp_cert_view {
	struct ztp_str version; /* n 0: not written, v1 */
	struct ztp_str serial;
	struct ztp_der_algorithm inner, outer; /* of the signature */
	struct ztp_str issuer, subject;	       /* whole elements */
	struct ztp_der not_before, not_after;
	struct ztp_str spki; /* whole; nobody has looked into it */
	bool has_uid, has_extensions;
	struct ztp_str extensions; /* what is in their SEQUENCE */
	struct ztp_str signature;  /* a BIT STRING's contents */
};

struct ztp_cert_extension {
	struct ztp_str id, value;
	struct ztp_str critical; /* n 0: not written */
};

/* False when the bytes are not exactly one certificate in DER. Names and key
 * are for others to look into. */
bool ztp_cert_view(struct ztp_cert_view *view, const void *der, size_t len);

/* The next of view->extensions, which ztp_cert_view has seen. */
bool ztp_cert_extension(struct ztp_str *rest,
			struct ztp_cert_extension *extension);

#endif
