/*
 * tools/common/cert_file.h - certificates and keys in files that people name.
 * A certificate may be PEM, PEM on one line, bare base64, or DER. What goes
 * further is the certificate alone, written as PEM again: never text around it,
 * and never a private key that stands in the same file. Blocks.
 */
#ifndef ZTP_TOOLS_CERT_FILE_H
#define ZTP_TOOLS_CERT_FILE_H

#include <openssl/evp.h>

#include "ztp/error.h"

#define ZTP_CERT_FILE_MAX (64 * 1024) /* bytes in a file */

/* Reads a file that must hold one certificate and no private key. The caller
 * frees *pem. The message names the file. */
int ztp_cert_file_read(char **pem, const char *path, struct ztp_error *error);
/* Reads the first certificate of a file, whatever follows: a chain, or its key
 * as some brokers want it. */
int ztp_cert_file_first(char **pem, const char *path, struct ztp_error *error);
/* A private key in PEM or DER, not encrypted. The caller frees *key. */
int ztp_key_file_read(EVP_PKEY **key, const char *path,
		      struct ztp_error *error);
/* Can a TLS library use the file as a list of CAs? It must hold PEM. */
int ztp_cert_file_check_cas(const char *path, struct ztp_error *error);

#endif
