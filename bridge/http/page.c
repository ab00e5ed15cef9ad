/*
 * The assembler concatenates the files of base/page/ and bridge/http/page/, so
 * they are written in their own languages and need no tool to become a page.
 * The browser hashes and compares exactly what lies between the labels: the
 * policy is made from the very bytes that are served.
 */
#include "bridge/http/page.h"

#include "base/page_policy.h"

#define FILE_AT(name) ".incbin \"bridge/http/page/" #name "\"\n"
#define SHARED(name)  ".incbin \"base/page/" #name "\"\n"
#define LABEL(name)   ".globl " name "\n" name ":\n"

/* clang-format off */
__asm__(".section .rodata\n"
	LABEL("ztp_page")
	FILE_AT(head.html)
	".ascii \"<style>\"\n"
	LABEL("ztp_page_style")
	SHARED(style.css)
	FILE_AT(style.css)
	LABEL("ztp_page_style_end")
	".ascii \"</style>\"\n"
	FILE_AT(body.html)
	".ascii \"<script>\"\n"
	LABEL("ztp_page_script")
	SHARED(tools.js)
	FILE_AT(tools.js)
	FILE_AT(status.js)
	FILE_AT(group.js)
	FILE_AT(rates.js)
	FILE_AT(refusals.js)
	FILE_AT(list.js)
	FILE_AT(one.js)
	FILE_AT(main.js)
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

void page_policy(char policy[PAGE_POLICY_MAX])
{
	const struct ztp_page_parts parts = {ztp_page_style, ztp_page_style_end,
					     ztp_page_script,
					     ztp_page_script_end};

	ztp_page_policy(policy, &parts);
}
