/*
 * bridge/http/page.h - the web page for people: bridge/http/page/, in the
 * binary.
 *
 * It is one document with its style and script inside. It asks only
 * /v1/status, /metrics and /v1/requests. Any thread.
 */
#ifndef BRIDGE_HTTP_PAGE_H
#define BRIDGE_HTTP_PAGE_H

#include "base/page_policy.h"

#define PAGE_POLICY_MAX ZTP_PAGE_POLICY_MAX

/* The document; a literal. */
const char *page_text(void);

/* The Content-Security-Policy: a browser lets the page run this very script,
 * use this very style, and ask its own origin. */
void page_policy(char policy[PAGE_POLICY_MAX]);

#endif
