/* Sockets that listen get a longer backlog, others are left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gate/backlog.h"

static int listening(int domain, int backlog)
{
	int fd = socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(listen(fd, backlog), 0); /* on a port of its own */
	return fd;
}

static unsigned backlog_of(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	return info.tcpi_sacked;
}

static void short_ones_are_raised(void **state)
{
	int four = listening(AF_INET, 100), six = listening(AF_INET6, 10);
	int longer = listening(AF_INET, ZTP_BACKLOG + 1);

	(void)state;
	assert_int_equal(backlog_of(four), 100);
	assert_int_equal(ztp_backlog_raise(), 2);
	assert_int_equal(backlog_of(four), ZTP_BACKLOG);
	assert_int_equal(backlog_of(six), ZTP_BACKLOG);
	assert_int_equal(backlog_of(longer), ZTP_BACKLOG + 1);
	assert_int_equal(ztp_backlog_raise(), 0);
	(void)close(four);
	(void)close(six);
	(void)close(longer);
}

static void others_are_left_alone(void **state)
{
	int pair[2], idle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int datagrams = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int on;
	socklen_t len = sizeof(on);

	(void)state;
	assert_int_equal(pipe(pair), 0);
	assert_int_equal(ztp_backlog_raise(), 0);
	assert_int_equal(getsockopt(idle, SOL_SOCKET, SO_ACCEPTCONN, &on, &len),
			 0);
	assert_int_equal(on, 0);
	(void)close(pair[0]);
	(void)close(pair[1]);
	(void)close(idle);
	(void)close(datagrams);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_ones_are_raised),
		cmocka_unit_test(others_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
