#include "base/page_policy.h"

#include <stdio.h>

#include "ztp/codec.h"

static void hash(char text[4 * ((ZTP_SHA256_LEN + 2) / 3) + 1],
		 const char *from, const char *to)
{
	uint8_t digest[ZTP_SHA256_LEN];

	ztp_sha256(digest, from, (size_t)(to - from));
	(void)ztp_base64_encode(text, digest, sizeof(digest));
}

void ztp_page_policy(char policy[ZTP_PAGE_POLICY_MAX],
		     const struct ztp_page_parts *parts)
{
	char style[48], script[48];

	hash(style, parts->style, parts->style_end);
	hash(script, parts->script, parts->script_end);
	(void)snprintf(policy, ZTP_PAGE_POLICY_MAX,
		       "default-src 'none'; connect-src 'self'; img-src data:; "
		       "style-src 'sha256-%s'; script-src 'sha256-%s'; "
		       "base-uri 'none'; form-action 'none'; "
		       "frame-ancestors 'none'; "
		       "require-trusted-types-for 'script'; "
		       "trusted-types 'none'",
		       style, script);
}
