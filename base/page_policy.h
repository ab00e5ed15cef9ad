/*
 * base/page_policy.h - the Content-Security-Policy of a web page whose style and
 * script are inside the document. Pure.
 */
#ifndef ZTP_BASE_PAGE_POLICY_H
#define ZTP_BASE_PAGE_POLICY_H

#define ZTP_PAGE_POLICY_MAX 512

/* The bytes between <style> and </style>, and between <script> and
 * </script>. */
struct ztp_page_parts {
	const char *style, *style_end;
	const char *script, *script_end;
};

/* A browser lets the page run this very script, use this very style, and ask
 * its own origin. */
void ztp_page_policy(char policy[ZTP_PAGE_POLICY_MAX],
		     const struct ztp_page_parts *parts);

#endif
