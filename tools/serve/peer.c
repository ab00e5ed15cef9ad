#include "tools/serve/peer.h"

#include <gnutls/gnutls.h>

bool peer_fingerprint(uint8_t out[ZTP_SHA256_LEN],
		      struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	const gnutls_datum_t *chain;
	unsigned count = 0, trouble = 0;

	if (!info || !info->tls_session)
		return false;
	chain = gnutls_certificate_get_peers(info->tls_session, &count);
	if (!chain || !count ||
	    gnutls_certificate_verify_peers2(info->tls_session, &trouble) !=
		    GNUTLS_E_SUCCESS ||
	    trouble)
		return false;
	ztp_sha256(out, chain[0].data, chain[0].size);
	return true;
}
