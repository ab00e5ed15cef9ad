/*
 * A small client: one request, an answer until the server closes. In HTTP/1.0
 * the answer comes in one piece, so there is nothing to parse but the status.
 * libcurl would be one more library for each who installs ztpctl.
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json_tree.h"
#include "tools/common/cli.h"
#include "tools/ztpctl/doctor_get.h"
#include "ztp/text.h"

#define WAIT_S	    5
#define STATUS_MIN  100
#define STATUS_MAX  599
#define ANSWER_MAX  65536
#define REQUEST_MAX 512

struct address {
	char host[256], port[6];
	const char *authority; /* for Host: */
	int authority_len;
};

static int bad_url(const char *url, struct ztp_error *error)
{
	return ztp_fail(error, ZTP_ERR_VALUE,
			"%.150s: expected http://HOST[:PORT]",
			ztp_cli_shown(url));
}

static int parse(struct address *address, const char *url,
		 struct ztp_error *error)
{
	const char *at = url + sizeof(ZTP_HTTP_SCHEME) - 1, *end;
	bool six;
	size_t n;

	if (strncmp(url, ZTP_HTTP_SCHEME, sizeof(ZTP_HTTP_SCHEME) - 1) != 0)
		return bad_url(url, error);
	address->authority = at;
	address->authority_len = (int)strcspn(at, "/");
	six = *at == '[';
	n = strcspn(at + six, six ? "]" : ":/");
	end = at + six + n + six;
	if (n == 0 || n >= sizeof(address->host) || strpbrk(at, " \r\n?#@") ||
	    (six && at[1 + n] != ']'))
		return bad_url(url, error);
	memcpy(address->host, at + six, n);
	address->host[n] = '\0';
	snprintf(address->port, sizeof(address->port), "80");
	if (*end == ':') {
		n = strspn(++end, "0123456789");
		if (n == 0 || n >= sizeof(address->port))
			return bad_url(url, error);
		memcpy(address->port, end, n);
		address->port[n] = '\0';
		end += n;
	}
	return *end == '\0' || strcmp(end, "/") == 0 ? 0 : bad_url(url, error);
}

static int no_answer(const char *url, const char *why, struct ztp_error *error)
{
	return ztp_fail(error, ZTP_ERR_IO, "%.150s: %s", url, why);
}

/* With a timeout of its own, a socket says EAGAIN, and EINPROGRESS while it
 * connects. */
static int no_socket(const char *url, int why, struct ztp_error *error)
{
	if (why == EAGAIN || why == EINPROGRESS)
		return ztp_fail(error, ZTP_ERR_IO,
				"%.150s: no answer within %d s", url, WAIT_S);
	return no_answer(url, strerror(why), error);
}

static int dial(const struct addrinfo *to)
{
	const struct timeval wait = {.tv_sec = WAIT_S};
	int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), saved;

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) == 0 &&
	    connect(fd, to->ai_addr, to->ai_addrlen) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static int open_socket(const struct address *address, const char *url,
		       struct ztp_error *error)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL, *a;
	int rc = getaddrinfo(address->host, address->port, &hints, &list);
	int fd = -1;

	if (rc != 0)
		return no_answer(url, gai_strerror(rc), error);
	for (a = list; a && fd < 0; a = a->ai_next)
		fd = dial(a);
	if (fd < 0)
		fd = no_socket(url, errno, error);
	freeaddrinfo(list);
	return fd;
}

/* Until the server closes; a server that drips is not waited for. */
static int read_all(int fd, char answer[ANSWER_MAX + 1], const char *url,
		    struct ztp_error *error)
{
	int64_t end = ztp_clock_boot() + WAIT_S * 1000;
	size_t got = 0;
	ssize_t n;

	do {
		n = recv(fd, answer + got, ANSWER_MAX - got, 0);
		got += n > 0 ? (size_t)n : 0;
	} while (n > 0 && got < ANSWER_MAX && ztp_clock_boot() < end);
	answer[got] = '\0';
	if (n == 0)
		return 0;
	if (got == ANSWER_MAX)
		return no_answer(url, "too long an answer", error);
	return no_socket(url, n < 0 ? errno : EAGAIN, error);
}

static int ask(int fd, char answer[ANSWER_MAX + 1],
	       const struct address *address, const char *url, const char *path,
	       struct ztp_error *error)
{
	char request[REQUEST_MAX];
	int n = snprintf(request, sizeof(request),
			 "GET %s HTTP/1.0\r\nHost: %.*s\r\nConnection: "
			 "close\r\n\r\n",
			 path, address->authority_len, address->authority);

	if (n >= (int)sizeof(request))
		return bad_url(url, error);
	if (send(fd, request, (size_t)n, MSG_NOSIGNAL) != n)
		return no_socket(url, errno, error);
	return read_all(fd, answer, url, error);
}

/* The status, or an error. */
static int take(cJSON **tree, const char *answer, const char *url,
		struct ztp_error *error)
{
	const char *body = strstr(answer, "\r\n\r\n");
	const char *space = strchr(answer, ' ');
	long status = space ? strtol(space, NULL, 10) : 0;
	struct ztp_error why;

	if (strncmp(answer, "HTTP/1.", 7) != 0 || !body ||
	    status < STATUS_MIN || status > STATUS_MAX)
		return no_answer(url, "that is no HTTP", error);
	if (ztp_tree_parse(tree, body + 4, strlen(body + 4), ANSWER_MAX,
			   &why) != 0)
		return ztp_fail(error, ZTP_ERR_VALUE,
				"%.150s: status %ld, and no JSON: %.80s", url,
				status, why.message);
	return (int)status;
}

static int get(cJSON **tree, char answer[ANSWER_MAX + 1], const char *url,
	       const char *path, struct ztp_error *error)
{
	struct address address = {0};
	int rc = parse(&address, url, error), fd;

	if (rc != 0)
		return rc;
	fd = open_socket(&address, url, error);
	if (fd < 0)
		return fd;
	rc = ask(fd, answer, &address, url, path, error);
	close(fd);
	return rc != 0 ? rc : take(tree, answer, url, error);
}

int ztp_doctor_get(cJSON **tree, const char *url, const char *path,
		   struct ztp_error *error)
{
	char *answer = malloc(ANSWER_MAX + 1);
	int rc;

	if (!answer)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	rc = get(tree, answer, url, path, error);
	free(answer);
	return rc;
}
