/*
 * tests/sim/certs.h - certificates that are the same in every run: an X.509 v1
 * leaf as the recipe makes it, with a P-256 key, whose serial number is n. The
 * signature is none (who verifies it is the gate, not the bridge).
 */
#ifndef TESTS_SIM_CERTS_H
#define TESTS_SIM_CERTS_H

#include <stdint.h>

#include "ztp/codec.h"

#define SIM_CERT_MARK "A0IABGsX0fLhLEJH" /* in the base64 of all */

struct sim_cert {
	char *base64; /* DER */
	uint8_t fingerprint[ZTP_SHA256_LEN];
	char hex[ZTP_SHA256_HEX];
};

void certs_make(struct sim_cert *cert, uint32_t n);

#endif
