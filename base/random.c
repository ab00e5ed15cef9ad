#include "base/random.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void ztp_random(void *bytes, size_t n)
{
	unsigned char *p = bytes;

	/* A request for more than 256 bytes may be answered in parts, and a
	 * signal may interrupt the call before it returns any (random(7)). */
	while (n > 0) {
		ssize_t got = getrandom(p, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			abort();
		p += got;
		n -= (size_t)got;
	}
}

void ztp_random_from(struct ztp_random_store *store, void *bytes, size_t n)
{
	if (n > sizeof(store->bytes)) {
		ztp_random(bytes, n);
		return;
	}
	if (n > store->left) {
		ztp_random(store->bytes, sizeof(store->bytes));
		store->left = sizeof(store->bytes);
	}
	store->left -= n;
	memcpy(bytes, store->bytes + store->left, n);
}
