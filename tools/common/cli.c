#include "tools/common/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ztp/gate_protocol.h"

void ztp_cli_warn(const char *program, const char *format, ...)
{
	va_list args;

	flockfile(stderr);
	fprintf(stderr, "%s: ", program);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	funlockfile(stderr);
}

bool ztp_cli_number(int64_t *value, const char *text, int64_t min, int64_t max)
{
	char *end;
	long long number;

	if ((text[0] < '0' || text[0] > '9') && text[0] != '-')
		return false;
	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno || end == text || *end)
		return false;
	if (number < min || number > max)
		return false;
	*value = number;
	return true;
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

/* Reads to the end or to one byte past max, whichever comes first. */
static int slurp(char **data, size_t *len, FILE *file, size_t max)
{
	size_t size = 0, used = 0, got;
	char *buffer = NULL, *larger;

	do {
		size = size ? 2 * size : 4096;
		if (size > max + 1)
			size = max + 1;
		larger = realloc(buffer, size + 1);
		if (!larger) {
			free(buffer);
			return ZTP_ERR_NOMEM;
		}
		buffer = larger;
		got = fread(buffer + used, 1, size - used, file);
		used += got;
	} while (used == size && used <= max);

	if (ferror(file) || used > max) {
		free(buffer);
		return ferror(file) ? ZTP_ERR_IO : ZTP_ERR_TOO_LARGE;
	}
	buffer[used] = '\0';
	*data = buffer;
	*len = used;
	return 0;
}

int ztp_cli_read_file(char **data, size_t *len, const char *path, size_t max,
		      struct ztp_error *error)
{
	FILE *file = fopen(path, "rbe");
	int rc;

	if (!file)
		return ztp_fail(error, ZTP_ERR_IO, "%s: %s", path,
				strerror(errno));
	errno = 0;
	rc = slurp(data, len, file, max);
	if (rc == ZTP_ERR_TOO_LARGE)
		ztp_fail(error, rc, "%s: more than %zu bytes", path, max);
	else if (rc == ZTP_ERR_NOMEM)
		ztp_fail(error, rc, "%s: out of memory", path);
	else if (rc)
		ztp_fail(error, rc, "%s: %s", path,
			 errno ? strerror(errno) : "cannot be read");
	fclose(file);
	return rc;
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
	const struct timespec none = {0, 0};
	sigset_t set;

	stop_signals(&set);
	return sigtimedwait(&set, NULL, &none) > 0;
}
