/*
 * tools/common/cli.h - what every command-line tool needs: messages on
 * stderr, a usage error, signals as a thing to be asked
 * for instead of a handler. Single-threaded use, except ztp_cli_warn.
 */
#ifndef ZTP_TOOLS_CLI_H
#define ZTP_TOOLS_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ztp/error.h"

enum ztp_exit { ZTP_EXIT_OK = 0, ZTP_EXIT_FAILED = 1, ZTP_EXIT_USAGE = 2 };

/* "PROGRAM: message" as one line on stderr. */
void ztp_cli_warn(const char *program, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same, with where to learn more. Returns ZTP_EXIT_USAGE. */
int ztp_cli_usage(const char *program, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The same about what getopt_long returned as '?' or, when its options begin
 * with ':', as ':'. opterr is 0. */
int ztp_cli_bad_option(const char *program, int found, char **argv);

/* Makes SIGINT and SIGTERM wait for ztp_cli_stopped, in this thread and all
 * that it starts: to be called before the first library is. SIGPIPE is
 * ignored. */
bool ztp_cli_catch_signals(void);

/* Has SIGINT or SIGTERM come? Takes it from the queue: the caller remembers
 * the answer. Does not block. */
bool ztp_cli_stopped(void);

#endif
