/*
 * The assembler concatenates the files of base/page/ and tools/approver/page/,
 * as bridge/http/page.c does: the policy is made from the very bytes that are
 * served.
 */
#include "tools/approver/serve_page.h"

#define FILE_AT(name) ".incbin \"tools/approver/page/" #name "\"\n"
#define SHARED(name)  ".incbin \"base/page/" #name "\"\n"
#define LABEL(name)   ".globl " name "\n" name ":\n"

/* clang-format off */
__asm__(".section .rodata\n"
	LABEL("serve_page")
	FILE_AT(head.html)
	".ascii \"<style>\"\n"
	LABEL("serve_page_style")
	SHARED(style.css)
	FILE_AT(style.css)
	LABEL("serve_page_style_end")
	".ascii \"</style>\"\n"
	FILE_AT(body.html)
	".ascii \"<script>\"\n"
	LABEL("serve_page_script")
	SHARED(tools.js)
	FILE_AT(text.js)
	FILE_AT(door.js)
	FILE_AT(list.js)
	FILE_AT(rows.js)
	FILE_AT(choose.js)
	FILE_AT(payload.js)
	FILE_AT(decide.js)
	FILE_AT(sending.js)
	FILE_AT(outcomes.js)
	FILE_AT(keys.js)
	FILE_AT(main.js)
	LABEL("serve_page_script_end")
	".asciz \"</script>\\n\"\n"
	".previous\n");
/* clang-format on */

#define HIDDEN __attribute__((visibility("hidden")))

extern const char serve_page[] HIDDEN;
extern const char serve_page_style[] HIDDEN, serve_page_style_end[] HIDDEN;
extern const char serve_page_script[] HIDDEN, serve_page_script_end[] HIDDEN;

const char *serve_page_text(void)
{
	return serve_page;
}

void serve_page_policy(char policy[ZTP_PAGE_POLICY_MAX])
{
	const struct ztp_page_parts parts = {
		serve_page_style, serve_page_style_end, serve_page_script,
		serve_page_script_end};

	ztp_page_policy(policy, &parts);
}
