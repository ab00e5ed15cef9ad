/*
 * tools/common/cli.h - what every command-line tool needs: messages on
 * stderr, numbers and files from arguments, signals as a thing to be asked
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

/* A whole decimal number within [min, max], nothing around it. */
bool ztp_cli_number(int64_t *value, const char *text, int64_t min, int64_t max);

/* A broker's URL by its scheme; *secure (may be NULL): with TLS. */
bool ztp_cli_is_url(const char *url, bool *secure);

/* The whole of a file, at most max bytes, with a NUL after its end; the
 * caller frees *data. ZTP_ERR_IO, ZTP_ERR_TOO_LARGE or ZTP_ERR_NOMEM; the
 * message names the file. Blocks. */
int ztp_cli_read_file(char **data, size_t *len, const char *path, size_t max,
		      struct ztp_error *error);

/* Makes SIGINT and SIGTERM wait for ztp_cli_stopped, in this thread and all
 * that it starts: to be called before the first library is. SIGPIPE is
 * ignored. */
bool ztp_cli_catch_signals(void);

/* Has SIGINT or SIGTERM come? Takes it from the queue: the caller remembers
 * the answer. Does not block. */
bool ztp_cli_stopped(void);

#endif
