#include "tools/serve/peer.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

static bool is_good(gnutls_session_t session)
{
	gnutls_typed_vdata_st purpose = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT,
	};
	unsigned trouble = 0;

	return gnutls_certificate_verify_peers(session, &purpose, 1,
					       &trouble) == GNUTLS_E_SUCCESS &&
	       trouble == 0;
}

bool peer_fingerprint(uint8_t out[ZTP_SHA256_LEN],
		      struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	const gnutls_datum_t *chain;
	unsigned count = 0;

	if (!info || !info->tls_session)
		return false;
	chain = gnutls_certificate_get_peers(info->tls_session, &count);
	if (!chain || !count || !is_good(info->tls_session))
		return false;
	ztp_sha256(out, chain[0].data, chain[0].size);
	return true;
}
