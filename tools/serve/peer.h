/* tools/serve/peer.h - a client's certificate, as GnuTLS has it. */
#ifndef ZTP_SERVE_PEER_H
#define ZTP_SERVE_PEER_H

#include <microhttpd.h>

#include "ztp/codec.h"

/* The SHA-256 of the certificate that the client has shown, if it proved its
 * key and one of --client-ca signed it for this use. False: there is none. */
bool peer_fingerprint(uint8_t out[ZTP_SHA256_LEN],
		      struct MHD_Connection *connection);

#endif
