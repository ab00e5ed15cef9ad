/* Log lines that nobody reads, or that there is no room for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#include "base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINES 4000 /* more than any of them takes */

static char line[1 + PIPE_BUF + 2000];

/* Everything that can be read without waiting. */
static char *drain(int fd)
{
	static char text[1 << 20];
	size_t used = 0;
	ssize_t n;

	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	while ((n = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)n;
	text[used] = '\0';
	return text;
}

static int count(const char *text, const char *what)
{
	int n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

/* Fills what reads from it, reads that, and logs again. from reads what to
 * writes; to must not have become non-blocking for others. */
static void fill_and_read(int from, int to)
{
	static const char pad[] = "01234567890123456789012345678901234567890";
	struct log log;
	char want[64];
	uint64_t dropped;
	const char *text;

	log_init(&log, to, LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
	for (int i = 0; i < LINES; i++)
		log_info(&log, "e", LOG_STR("pad", pad), LOG_INT("end", 7));
	dropped = log_dropped(&log);
	assert_true(dropped > 0 && dropped < LINES);
	assert_int_equal(fcntl(to, F_GETFL) & O_NONBLOCK, 0);
	log_catch_up(&log); /* still full */
	text = drain(from);
	assert_int_equal(count(text, " end=7\n"), LINES - dropped);

	log_catch_up(&log);
	snprintf(want, sizeof(want), "level=warn event=log_dropped n=%d",
		 (int)dropped);
	assert_int_equal(count(drain(from), want), 1);
	log_catch_up(&log);
	log_info(&log, "after");
	assert_non_null(strstr(drain(from), "event=after"));
	assert_int_equal(log_dropped(&log), dropped);
	log_end(&log);
}

static void a_pipe(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	fill_and_read(ends[0], ends[1]);
	close(ends[0]);
	close(ends[1]);
}

static void a_socket(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	fill_and_read(ends[0], ends[1]);
	close(ends[0]);
	close(ends[1]);
}

/* A terminal whose reader has stopped. */
/* A terminal hands over what it was given a little later. */
static bool comes(int fd, const char *what, struct log *log)
{
	static char text[1 << 16];
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	size_t used = 0;
	ssize_t n = 1;
	int i;

	text[0] = '\0';
	for (i = 0; i < 1000 && n > 0 && !strstr(text, what); i++) {
		log_catch_up(log);
		if (poll(&wait, 1, 10) == 1)
			n = read(fd, text + used, sizeof(text) - 1 - used);
		else
			continue;
		text[used += n > 0 ? (size_t)n : 0] = '\0';
	}
	return strstr(text, what) != NULL;
}

static void a_terminal(void **state)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	struct log log;

	(void)state;
	assert_true(master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_true(slave >= 0);
	log_init(&log, slave, LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
	while (log_dropped(&log) == 0)
		log_info(&log, "e", LOG_INT("end", 7));
	assert_int_equal(fcntl(slave, F_GETFL) & O_NONBLOCK, 0);
	assert_true(comes(master, "level=warn event=log_dropped n=", &log));
	log_info(&log, "after");
	assert_true(comes(master, "event=after", &log));
	log_end(&log);
	close(slave);
	close(master);
}

/* The count goes to the next line, whoever writes it. */
static void the_next_line_tells(void **state)
{
	struct log log;
	int ends[2];
	char *text;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	log_init(&log, ends[1], LOG_LEVEL_ERROR, LOG_FORMAT_JSON);
	while (log_dropped(&log) < 3)
		log_error(&log, "e");
	(void)drain(ends[0]);
	log_error(&log, "after");
	text = drain(ends[0]);
	assert_non_null(strstr(text, "\"level\":\"warn\",\"event\":"
				     "\"log_dropped\",\"n\":3}\n"));
	assert_non_null(strstr(text, "\"event\":\"after\"}\n"));
	log_end(&log);
	close(ends[0]);
	close(ends[1]);
}

/* A pipe that cannot be opened again is asked for room first. */
static void a_pipe_of_somebody_else(void **state)
{
	struct log_sink sink = {.kind = LOG_SINK_POLLED};
	int ends[2], taken = 0;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	sink.fd = ends[1];
	memset(line, 'x', sizeof(line));
	while (log_sink_write(&sink, line, 100))
		taken++;
	assert_true(taken > 0);
	(void)drain(ends[0]);
	assert_true(log_sink_write(&sink, line, 100));
	log_sink_close(&sink);
	close(ends[0]);
	close(ends[1]);
}

/* What follows a torn line begins on a line of its own. */
static void a_torn_line(void **state)
{
	struct log_sink sink;
	int ends[2], size;
	char *text;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	size = fcntl(ends[1], F_SETPIPE_SZ, PIPE_BUF);
	assert_true(size >= PIPE_BUF && size < (int)sizeof(line) - 1);
	log_sink_open(&sink, ends[1]);
	memset(line, 'x', sizeof(line));
	line[0] = '\n';
	assert_false(log_sink_write(&sink, line, (size_t)size + 1));
	assert_int_equal(strlen(drain(ends[0])), size);
	assert_true(log_sink_write(&sink, line, 5));
	assert_true(log_sink_write(&sink, line, 5));
	text = drain(ends[0]);
	assert_string_equal(text, "\nxxxxxxxxxx");
	log_sink_close(&sink);
	close(ends[0]);
	close(ends[1]);
}

/* Nowhere to write to: dropped and counted, and errno stays. */
static void no_way_out(void **state)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC), ends[2];
	int places[3];

	(void)state;
	assert_true(full >= 0);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]); /* SIGPIPE is ignored, as in the programs */
	places[0] = full;
	places[1] = ends[1];
	places[2] = -1;
	for (int i = 0; i < 3; i++) {
		struct log log;

		log_init(&log, places[i], LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
		errno = EXDEV;
		log_info(&log, "e");
		log_info(&log, "e");
		log_catch_up(&log);
		assert_int_equal(errno, EXDEV);
		assert_int_equal(log_dropped(&log), 2);
		log_end(&log);
	}
	close(full);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pipe),
		cmocka_unit_test(a_socket),
		cmocka_unit_test(a_terminal),
		cmocka_unit_test(the_next_line_tells),
		cmocka_unit_test(a_pipe_of_somebody_else),
		cmocka_unit_test(a_torn_line),
		cmocka_unit_test(no_way_out),
	};

	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
