/*
 * The assembler concatenates the files of bridge/http/page/, so they are
 * written in their own languages and need no tool to become a page. The
 * browser hashes and compares exactly what lies between the labels: the policy
 * is made from the very bytes that are served.
 */
#include "bridge/http/page.h"

#include <stdio.h>

#include "ztp/codec.h"

#define FILE_AT(name) ".incbin \"bridge/http/page/" name "\"\n"
#define LABEL(name)   ".globl " name "\n" name ":\n"

/* clang-format off */
__asm__(".section .rodata\n"
	LABEL("ztp_page")
	FILE_AT("head.html")
	".ascii \"<style>\"\n"
	LABEL("ztp_page_style")
	FILE_AT("style.css")
	LABEL("ztp_page_style_end")
	".ascii \"</style>\"\n"
	FILE_AT("body.html")
	".ascii \"<script>\"\n"
	LABEL("ztp_page_script")
	FILE_AT("tools.js")
	FILE_AT("status.js")
	FILE_AT("rates.js")
	FILE_AT("list.js")
	FILE_AT("one.js")
	FILE_AT("main.js")
	LABEL("ztp_page_script_end")
	".asciz \"</script>\\n\"\n"
	".previous\n");
/* clang-format on */

#define HIDDEN __attribute__((visibility("hidden")))

extern const char ztp_page[] HIDDEN;
extern const char ztp_page_style[] HIDDEN, ztp_page_style_end[] HIDDEN;
extern const char ztp_page_script[] HIDDEN, ztp_page_script_end[] HIDDEN;

const char *page_text(void)
{
	return ztp_page;
}

static void hash(char text[4 * ((ZTP_SHA256_LEN + 2) / 3) + 1],
		 const char *from, const char *to)
{
	uint8_t digest[ZTP_SHA256_LEN];

	ztp_sha256(digest, from, (size_t)(to - from));
	(void)ztp_base64_encode(text, digest, sizeof(digest));
}

void page_policy(char policy[PAGE_POLICY_MAX])
{
	char style[48], script[48];

	hash(style, ztp_page_style, ztp_page_style_end);
	hash(script, ztp_page_script, ztp_page_script_end);
	(void)snprintf(policy, PAGE_POLICY_MAX,
		       "default-src 'none'; connect-src 'self'; img-src data:; "
		       "style-src 'sha256-%s'; script-src 'sha256-%s'; "
		       "base-uri 'none'; form-action 'none'; "
		       "frame-ancestors 'none'; "
		       "require-trusted-types-for 'script'; "
		       "trusted-types 'none'",
		       style, script);
}
