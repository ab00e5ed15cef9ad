/*
 * tools/common/cli.h - what every command-line tool needs: messages on stderr,
 * usage errors, and signals that are polled instead of handled. One thread,
 * except ztp_cli_warn and ztp_cli_stopped.
 */
#ifndef ZTP_TOOLS_CLI_H
#define ZTP_TOOLS_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ztp/error.h"

enum ztp_exit { ZTP_EXIT_OK = 0, ZTP_EXIT_FAILED = 1, ZTP_EXIT_USAGE = 2 };

/* Prints "PROGRAM: message" as one line on stderr, unless nobody reads it. */
void ztp_cli_warn(const char *program, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same, with a hint at --help. Returns ZTP_EXIT_USAGE. */
int ztp_cli_usage(const char *program, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The same for an option that getopt_long rejected: it returned '?', or ':' if
 * the option string begins with ':'. opterr must be 0. */
int ztp_cli_bad_option(const char *program, int found, char **argv);
#define ZTP_CLI_RANGE_MAX 80

/* For a message about a value: ": not a number from 1 to 9". */
const char *ztp_cli_range(char out[ZTP_CLI_RANGE_MAX], int64_t min,
			  int64_t max);
/* Is it a broker's URL, of a scheme, a host and perhaps a port? *secure (may be
 * NULL) says whether it uses TLS. */
bool ztp_cli_is_url(const char *url, bool *secure);
/* Does it hold a user, and maybe a password? No library takes them from there,
 * and messages repeat the URL. */
bool ztp_cli_url_has_user(const char *url);

/* Hands to the system what stdout holds. False: not all of it, now or before, was
 * taken, and the caller has failed. It is said once, except for a pipe whose
 * reader has gone: `| head` has what it wanted. One thread. */
bool ztp_cli_flush(const char *program);
/* What may be shown of an address that cannot be used: not what stands before an @,
 * which may be a password. */
const char *ztp_cli_shown(const char *address);
/* Prints what was asked for, such as --help. Returns the exit code. */
int ztp_cli_print(const char *program, const char *text);

/* For who has something to put in order when it is told to end. SIGINT and
 * SIGTERM are no longer fatal, in this thread and all that it starts; ask
 * ztp_cli_stopped. Call it before any library is used. Ignores SIGPIPE.
 *
 * Nobody can look while it waits, and some waits have no limit: a write to a
 * pipe that nobody reads, a name server or a library that waits for a peer. So
 * the process ends some seconds after the signal whatever it is doing, with
 * ZTP_EXIT_FAILED and a message, and at once with the second signal. */
bool ztp_cli_catch_signals(const char *program);

/* Has SIGINT or SIGTERM arrived? Does not block. Any thread. */
bool ztp_cli_stopped(void);

/* The same limit for who takes the signals itself and has just been told: both
 * must be blocked in all threads. */
void ztp_cli_end_soon(const char *program);

/* The process ends after so long, whatever it is doing, with ZTP_EXIT_FAILED and
 * a message that ends with `why`. For who has a time limit. */
bool ztp_cli_end_after(const char *program, int64_t ms, const char *why);

#endif
