/* The SQLite store: the hash under which the index finds a path. */
#include <string.h>

#include "bridge/store/store_internal.h"
#include "ztp/codec.h"

#define HASH_BYTES 6

void store_path_hash_is(struct store *store, const char *path, int64_t hash)
{
	memccpy(store->hashed, path, '\0', sizeof(store->hashed) - 1);
	store->hash = hash;
}

/* Paths arrive in random order, so each new one changes a page of the index
 * that no recent one has changed. A hash takes a quarter of the pages that the
 * paths themselves would. Two paths may share a hash; it is part of a SHA-256,
 * so nobody can construct many paths that do. A path is usually looked up
 * several times in a row (is it there, add it), so the last hash is kept. */
int64_t store_path_hash(struct store *store, const char *path)
{
	uint8_t digest[ZTP_SHA256_LEN];
	int64_t hash = 0;
	int i;

	if (*store->hashed && strcmp(path, store->hashed) == 0)
		return store->hash;
	ztp_sha256(digest, path, strlen(path));
	for (i = 0; i < HASH_BYTES; i++)
		hash = hash << 8 | digest[i];
	store_path_hash_is(store, path, hash);
	return hash;
}
