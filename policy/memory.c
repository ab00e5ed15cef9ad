#include "policy/memory.h"

#include <openssl/crypto.h>

#define PROBE 4096 /* bytes: more than most of what OpenSSL allocates at once */

/* By OpenSSL's allocator, which a program may have replaced. */
bool ztp_memory_left(void)
{
	void *probe = OPENSSL_malloc(PROBE);
	bool left = probe != NULL;

	OPENSSL_free(probe);
	return left;
}
