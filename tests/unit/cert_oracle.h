/*
 * tests/unit/cert_oracle.h - compares what policy/ reads from a certificate
 * with what OpenSSL reads. For the unit tests and the fuzzer.
 */
#ifndef ZTP_TESTS_CERT_ORACLE_H
#define ZTP_TESTS_CERT_ORACLE_H

#include "ztp/cert.h"

/* The name of a member of *cert that differs from what OpenSSL reads in its
 * DER; NULL when none does. */
const char *cert_oracle_differs(const struct ztp_cert *cert);

#endif
