/* The client.id of a member of the group, which anybody may choose. What is read
 * has nothing in it that a page or a log must not show, and is written as it
 * was. */
#include "fuzz.h"

#include "ztp/group_member.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_line(&data, &size);
	char again[ZTP_GROUP_MEMBER_MAX + 1];
	struct ztp_group_member member;

	if (ztp_group_member_read(&member, text)) {
		for (const char *at = text; *at; at++)
			MUST(*at > ' ' && *at < 0x7f && !strchr("\"'<>", *at));
		MUST(ztp_group_member_write(again, &member, NULL) == 0);
		MUST(strcmp(text, again) == 0);
	}
	free(text);
	return 0;
}
