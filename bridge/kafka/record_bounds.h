/*
 * bridge/kafka/record_bounds.h - limits how much foreign data goes into our
 * records. A key, header or value that is too long is left out, and its
 * SHA-256 and size take its place. So whatever is stored can be sent, and
 * whoever wrote the original can find it again.
 */
#ifndef BRIDGE_KAFKA_RECORD_BOUNDS_H
#define BRIDGE_KAFKA_RECORD_BOUNDS_H

#include "bridge/store/store.h"

/* Headers that are ours. */
#define RECORD_HEADER(name) "ztp." name
#define RECORD_SHA256	    RECORD_HEADER("sha256")

#define RECORD_KEY_MAX	   4096	       /* bytes of a foreign key */
#define RECORD_HEADER_MAX  (8 * 1024)  /* ... of a foreign header's value */
#define RECORD_HEADERS_MAX (64 * 1024) /* ... of all of them */

/* Identifies an original that is not passed on: texts of headers. */
struct record_identity {
	char sha256[ZTP_SHA256_HEX];
	char size[24];
};

/* Writes ztp.sha256 and ztp.size, which are views into identity. Returns 2. */
size_t record_identity(struct ztp_header *headers,
		       struct record_identity *identity,
		       const uint8_t sha256[ZTP_SHA256_LEN], int64_t size);

/* Replaces a key that is too long by no key, and adds ztp.key.sha256 and
 * ztp.key.size. Returns the number of headers added, 0 or 2. */
size_t record_bound_key(struct ztp_header *headers,
			struct record_identity *identity, struct ztp_str *key);

/* Copies the originals that fit, as views: at most room, including
 * ztp.headers.left_out (with the text left_out), which says how many do not
 * fit. Returns how many headers were written. */
size_t record_copy_headers(struct ztp_header *headers, size_t room,
			   const struct ztp_header *originals, size_t count,
			   char left_out[24]);

#endif
