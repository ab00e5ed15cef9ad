/*
 * base/stdio.h - the descriptors 0, 1 and 2 as a program finds them.
 */
#ifndef ZTP_BASE_STDIO_H
#define ZTP_BASE_STDIO_H

#include <stdbool.h>

/* Opens /dev/null in place of each of them that is closed. Otherwise the next
 * file or socket that is opened would get its number, and messages would be
 * written into it. Also ignores SIGPIPE: a reader of stdout or stderr that goes
 * away must not end the program. Call it first in main. */
bool ztp_stdio_prepare(void);

#endif
