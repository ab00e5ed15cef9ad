#include "tools/common/cli.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log_sink.h"
#include "tools/common/terminal.h"
#include "tools/common/where.h"
#include "ztp/gate_protocol.h"

#define WARNING_MAX 2048 /* bytes of a line */

/* What fits; the last character stays free for a newline. */
static size_t fitting(int n, size_t size)
{
	return n < 0 ? 0 : (size_t)n < size - 1 ? (size_t)n : size - 2;
}

void ztp_cli_warn(const char *program, const char *format, ...)
{
	char text[WARNING_MAX], line[WARNING_MAX];
	struct log_sink sink;
	va_list args;
	size_t n;

	n = fitting(snprintf(text, sizeof(text), "%s: ", program),
		    sizeof(text));
	va_start(args, format);
	n += fitting(vsnprintf(text + n, sizeof(text) - n, format, args),
		     sizeof(text) - n);
	va_end(args);
	line[0] = '\n';
	n = 1 + terminal_escape(line + 1, sizeof(line) - 2, text, n);
	line[n++] = '\n';
	log_sink_open(&sink, STDERR_FILENO);
	(void)log_sink_write(&sink, line, n - 1); /* without the first */
	log_sink_close(&sink);
}

int ztp_cli_usage(const char *program, const char *format, ...)
{
	char message[256];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	ztp_cli_warn(program, "%s (see --help)", message);
	return ZTP_EXIT_USAGE;
}

int ztp_cli_bad_option(const char *program, int found, char **argv)
{
	const char *given = argv[optind - 1];
	/* What stands behind the sign may be a password. */
	int name = (int)strcspn(given, "=");

	if (found == ':')
		return ztp_cli_usage(program, "%s needs a value", given);
	if (optopt && strncmp(given, "--", 2) == 0)
		return ztp_cli_usage(program, "%.*s takes no value", name,
				     given);
	if (optopt)
		return ztp_cli_usage(program, "unknown option -%c", optopt);
	return ztp_cli_usage(program, "unknown option %.*s", name, given);
}

const char *ztp_cli_shown(const char *address)
{
	const char *at = strrchr(address, '@');

	return at ? at : address;
}

const char *ztp_cli_range(char out[ZTP_CLI_RANGE_MAX], int64_t min, int64_t max)
{
	if (max == INT64_MAX)
		(void)snprintf(out, ZTP_CLI_RANGE_MAX,
			       ": not a number of %" PRId64 " or more", min);
	else
		(void)snprintf(out, ZTP_CLI_RANGE_MAX,
			       ": not a number from %" PRId64 " to %" PRId64,
			       min, max);
	return out;
}

bool ztp_cli_flush(const char *program)
{
	static bool said; /* stdout is the process's own, too */

	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return true;
	if (errno != EPIPE && !said)
		ztp_cli_warn(program, "stdout cannot be written%s%s",
			     errno ? ": " : "", errno ? strerror(errno) : "");
	said = true;
	return false;
}

int ztp_cli_print(const char *program, const char *text)
{
	(void)fputs(text, stdout);
	return ztp_cli_flush(program) ? ZTP_EXIT_OK : ZTP_EXIT_FAILED;
}

static bool begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool ztp_cli_is_url(const char *url, bool *secure)
{
	bool tls = begins(url, ZTP_MQTTS_SCHEME);
	size_t n;

	if (secure)
		*secure = tls;
	if (!tls && !begins(url, ZTP_MQTT_SCHEME))
		return false;
	url += strlen(tls ? ZTP_MQTTS_SCHEME : ZTP_MQTT_SCHEME);
	n = strlen(url);
	/* Whoever has it from elsewhere may have a / at its end. */
	return ztp_address_valid(url, n > 0 && url[n - 1] == '/' ? n - 1 : n);
}

bool ztp_cli_url_has_user(const char *url)
{
	const char *at = strstr(url, "://");

	at = at ? at + 3 : url;
	return at[strcspn(at, "@/")] == '@';
}

/* --- the end */

/* Docker kills after 10 s. */
#define END_MS 9000

/* The process's own: it ends once. */
static atomic_bool stopped;

/* Not exit: its handlers would wait for those who hang. */
static void end_now(const char *program, const char *why)
{
	ztp_cli_warn(program, "%s", why);
	_exit(ZTP_EXIT_FAILED);
}

static void stop_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
}

/* A signal, or 0: none came in time. */
static int await_signal(int64_t ms)
{
	int64_t until = ztp_clock_boot() + ms, left;
	struct timespec rest;
	sigset_t set;
	int signal;

	stop_signals(&set);
	do {
		left = until - ztp_clock_boot();
		left = left > 0 ? left : 0;
		rest = (struct timespec){.tv_sec = (time_t)(left / 1000),
					 .tv_nsec =
						 (long)(left % 1000) * 1000000};
		signal = sigtimedwait(&set, NULL, &rest);
	} while (signal < 0 && errno == EINTR);
	return signal > 0 ? signal : 0;
}

static void *end_soon(void *program)
{
	if (await_signal(END_MS))
		end_now(program, "interrupted twice: ends at once");
	end_now(program, "interrupted, and still waits for somebody else: "
			 "ends as it is");
	return NULL;
}

static void *watch_signals(void *program)
{
	sigset_t set;
	int signal;

	stop_signals(&set);
	if (sigwait(&set, &signal) != 0)
		return NULL;
	atomic_store(&stopped, true);
	return end_soon(program);
}

/* It is never joined: it lives as long as the process. */
static bool start(void *(*run)(void *), void *arg)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, run, arg) == 0 &&
	       pthread_detach(thread) == 0;
}

bool ztp_cli_catch_signals(const char *program)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t set;

	stop_signals(&set);
	return sigprocmask(SIG_BLOCK, &set, NULL) == 0 &&
	       sigaction(SIGPIPE, &ignore, NULL) == 0 &&
	       start(watch_signals, (void *)(uintptr_t)program);
}

bool ztp_cli_stopped(void)
{
	return atomic_load(&stopped);
}

void ztp_cli_end_soon(const char *program)
{
	(void)start(end_soon, (void *)(uintptr_t)program);
}

struct limit {
	const char *program, *why;
	int64_t until;
};

static void *end_late(void *arg)
{
	const struct limit *limit = arg;
	int64_t left;

	while ((left = limit->until - ztp_clock_boot()) > 0)
		(void)poll(NULL, 0, left < INT_MAX ? (int)left : INT_MAX);
	end_now(limit->program, limit->why);
	return NULL;
}

bool ztp_cli_end_after(const char *program, int64_t ms, const char *why)
{
	static struct limit limit; /* one for a process */

	limit = (struct limit){program, why, ztp_clock_boot() + ms};
	return start(end_late, &limit);
}
