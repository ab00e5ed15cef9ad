/*
 * base/random.h - random bytes from the kernel: for ids, jitter and the seeds
 * of hash tables. policy/ gets them as arguments. Any thread.
 */
#ifndef ZTP_BASE_RANDOM_H
#define ZTP_BASE_RANDOM_H

#include <stddef.h>

/* Does not block once the system has booted. Aborts the process when there is
 * no randomness to be had, because nothing that follows could be trusted; a
 * signal is no such reason. */
void ztp_random(void *bytes, size_t n);

#endif
