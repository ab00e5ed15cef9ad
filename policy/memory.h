/*
 * policy/memory.h - does OpenSSL say no, or is there no memory? Private to
 * policy/. Any thread.
 *
 * Where OpenSSL has no memory it often says nothing but no. What is refused for
 * good is remembered, recorded or answered, so a refusal must come twice in a
 * row to count, and there must be memory before the second time.
 */
#ifndef ZTP_POLICY_MEMORY_H
#define ZTP_POLICY_MEMORY_H

#include <stdbool.h>

/* Can some kilobytes be allocated now? */
bool ztp_memory_left(void);

#endif
