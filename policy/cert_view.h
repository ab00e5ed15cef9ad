/*
 * policy/cert_view.h - the structure of a certificate (RFC 5280 section 4.1)
 * as views into its DER. Private to policy/. Pure; any thread.
 */
#ifndef ZTP_POLICY_CERT_VIEW_H
#define ZTP_POLICY_CERT_VIEW_H

#include "policy/der.h"

struct ztp_cert_view {
	struct ztp_str tbs;	/* whole element: what is signed */
	struct ztp_str version; /* n is 0 when absent: v1 */
	struct ztp_str serial;
	struct ztp_der_algorithm inner, outer; /* signature algorithms */
	struct ztp_str issuer, subject;	       /* whole elements */
	struct ztp_der not_before, not_after;
	struct ztp_str spki; /* whole element, contents unchecked */
	bool has_uid, has_extensions;
	struct ztp_str extensions; /* contents of their SEQUENCE */
	struct ztp_str signature;  /* contents of the BIT STRING */
};

struct ztp_cert_extension {
	struct ztp_str id, value;
	struct ztp_str critical; /* n is 0 when absent */
};

/* False when the bytes are not exactly one certificate in DER. Does not look
 * into the names and the key. */
bool ztp_cert_view(struct ztp_cert_view *view, const void *der, size_t len);

/* Takes the next extension from *rest, which starts as view->extensions. */
bool ztp_cert_extension(struct ztp_str *rest,
			struct ztp_cert_extension *extension);

#endif
