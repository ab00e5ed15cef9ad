/*
 * bridge/http/page.h - the page to look at, for people: bridge/http/page/, in the binary.
 *
 * One document with its style and its script inside, which asks /v1/status,
 * /metrics and /v1/requests and nobody else. Any thread.
 */
#ifndef BRIDGE_HTTP_PAGE_H
#define BRIDGE_HTTP_PAGE_H

#include <stddef.h>

#define PAGE_POLICY_MAX 512

/* The document, a literal. */
const char *page_text(void);

/* What a browser is to let it do, for Content-Security-Policy: run this very
 * script, with this very style, and ask its own origin. */
void page_policy(char policy[PAGE_POLICY_MAX]);

#endif
