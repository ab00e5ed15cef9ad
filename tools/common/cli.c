#include "tools/common/cli.h"

#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log_sink.h"
#include "tools/common/terminal.h"
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

	if (found == ':')
		return ztp_cli_usage(program, "%s needs a value", given);
	if (optopt && strncmp(given, "--", 2) == 0)
		return ztp_cli_usage(program, "%s takes no value", given);
	if (optopt)
		return ztp_cli_usage(program, "unknown option -%c", optopt);
	return ztp_cli_usage(program, "unknown option %s", given);
}

static bool begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool ztp_cli_is_url(const char *url, bool *secure)
{
	bool tls = begins(url, ZTP_MQTTS_SCHEME);

	if (secure)
		*secure = tls;
	return tls || begins(url, ZTP_MQTT_SCHEME);
}

bool ztp_cli_url_has_user(const char *url)
{
	const char *at = strstr(url, "://");

	at = at ? at + 3 : url;
	return at[strcspn(at, "@/")] == '@';
}

static void stop_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
}

bool ztp_cli_catch_signals(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t set;

	stop_signals(&set);
	return sigprocmask(SIG_BLOCK, &set, NULL) == 0 &&
	       sigaction(SIGPIPE, &ignore, NULL) == 0;
}

bool ztp_cli_stopped(void)
{
	sigset_t set;

	/* It stays pending: whoever asks later is told, too. */
	return sigpending(&set) == 0 && (sigismember(&set, SIGINT) == 1 ||
					 sigismember(&set, SIGTERM) == 1);
}
