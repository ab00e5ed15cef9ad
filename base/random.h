/*
 * base/random.h - random bytes from the kernel, for ids, jitter and the seeds
 * of hash tables; the only source of randomness. policy/ gets random bytes as
 * arguments. Any thread.
 */
#ifndef ZTP_BASE_RANDOM_H
#define ZTP_BASE_RANDOM_H

#include <stddef.h>

/* Does not block once the system has booted. Is not stopped by a signal. Aborts
 * the process when the kernel has no randomness to give: nothing that follows
 * could be trusted. */
void ztp_random(void *bytes, size_t n);

/* For callers that need a few bytes very often: asks the kernel for many at
 * once. Start it as zeros; one thread. */
struct ztp_random_store {
	unsigned char bytes[1024];
	size_t left;
};

void ztp_random_from(struct ztp_random_store *store, void *bytes, size_t n);

#endif
