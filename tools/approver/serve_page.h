/*
 * tools/approver/serve_page.h - the page on which people decide by hand:
 * tools/approver/page/, in the binary.
 *
 * It is one document with its style and script inside. It asks only its own
 * server: /v1/requests, /v1/requests/{id}/decision, /v1/session. Any thread.
 */
#ifndef APPROVER_SERVE_PAGE_H
#define APPROVER_SERVE_PAGE_H

#include "base/page_policy.h"

/* The document; a literal. */
const char *serve_page_text(void);

/* The Content-Security-Policy to send with it. */
void serve_page_policy(char policy[ZTP_PAGE_POLICY_MAX]);

#endif
