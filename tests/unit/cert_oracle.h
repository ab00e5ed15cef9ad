/*
 * tests/unit/cert_oracle.h - what OpenSSL reads in a certificate, held
 * against what policy/ has read in it. For the unit tests and the fuzzer.
 */
#ifndef ZTP_TESTS_CERT_ORACLE_H
#define ZTP_TESTS_CERT_ORACLE_H

#include "ztp/cert.h"

/* The name of a member of *cert that is not what OpenSSL finds in its DER;
 * NULL when all are the same. */
const char *cert_oracle_differs(const struct ztp_cert *cert);

#endif
