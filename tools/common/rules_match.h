/* tools/common/rules_match.h - what stands under match in a rules file. */
#ifndef ZTP_TOOLS_RULES_MATCH_H
#define ZTP_TOOLS_RULES_MATCH_H

#include "tools/common/members.h"
#include "tools/common/rules.h"

/* Into a struct ztp_match. */
ztp_member_reader rules_read_match;

/* Does it match every request, whether it says so or not? */
bool rules_match_all(const struct ztp_match *match);
/* Does it have any member that could exclude a request? */
bool rules_match_restricts(const struct ztp_match *match);

#endif
