/* tools/approver/help.h - the text of --help. */
#ifndef ZTP_APPROVER_HELP_H
#define ZTP_APPROVER_HELP_H

extern const char help_text[];

#endif
