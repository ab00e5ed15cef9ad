/*
 * tools/common/rules_files.h - members of a rules file that name other files:
 * payloads, templates and lists. Names are relative to the rules file. Each
 * file is noted in the struct ztp_globs that is the context of the reading.
 */
#ifndef ZTP_TOOLS_RULES_FILES_H
#define ZTP_TOOLS_RULES_FILES_H

#include "tools/common/members.h"
#include "tools/common/rules.h"

/* Into a struct ztp_attachment; a list into a struct ztp_fingerprints. */
ztp_member_reader rules_read_payload, rules_read_template, rules_read_type;
ztp_member_reader rules_read_list;

#endif
