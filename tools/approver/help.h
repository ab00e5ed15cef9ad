/* tools/approver/help.h - what --help says. */
#ifndef ZTP_APPROVER_HELP_H
#define ZTP_APPROVER_HELP_H

extern const char help_text[];

#endif
