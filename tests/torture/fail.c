#include "tests/torture/fail.h"

#include <sanitizer/common_interface_defs.h>
#include <stdint.h>
#include <string.h>

#include "tests/torture/paths.h"

struct fail fail;

static const char *const names[FAIL_KINDS] = {
	"nothing", "memory", "sqlite-memory", "crypto-memory", "json-memory",
	"read",	   "write",  "sync",	      "file",	       "system",
	"log",	   "send",   "receive"};

bool fails(enum fail_kind kind, void *site)
{
	long n;

	if (!fail.armed || fail.outside > 0)
		return false;
	n = ++fail.seen[kind];
	if (fail.noting)
		paths_note(kind, n);
	if (kind != fail.kind || n < fail.first || n - fail.first >= fail.count)
		return false;
	if (fail.failed++ == 0)
		fail.site = site;
	return true;
}

const char *fail_name(enum fail_kind kind)
{
	return names[kind];
}

enum fail_kind fail_kind(const char *name)
{
	int i;

	for (i = FAIL_NOTHING + 1; i < FAIL_KINDS; i++)
		if (strcmp(name, names[i]) == 0)
			return (enum fail_kind)i;
	return FAIL_NOTHING;
}

void fail_where(char *to, size_t room, void *site)
{
	*to = '\0';
	if (site) /* a return address is that of the next instruction */
		__sanitizer_symbolize_pc((char *)site - 1, "%f %s:%l", to,
					 room);
}
