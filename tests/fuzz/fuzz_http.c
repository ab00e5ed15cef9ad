/*
 * The bridge's pages over a socket, as anybody who reaches it can ask for them.
 * '?' first: the line is the query of /v1/requests; '/': the id of a request.
 * What follows is further headers. Every answer is one of HTTP's, none is an
 * error of ours, and JSON is JSON.
 */
#include "fuzz.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "bridge/core/history.h"
#include "bridge/core/verdicts.h"
#include "bridge/http/http.h"
#include "ztp/json.h"

#define TURNS	200 /* of the server, for one request */
#define WAITS	500 /* until it has taken a connection, which may need room */
#define WAIT_MS 10

static struct {
	char folder[32], path[64];
	struct config config;
	struct bridge b;
	struct log log;
	struct sockaddr_in at;
} f = {.folder = "/tmp/ztp-fuzz-XXXXXX"};

static void end(void)
{
	static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
	char name[96];
	size_t i;

	http_free(f.b.http);
	store_close(f.b.store);
	verdicts_free(f.b.verdicts);
	history_free(f.b.history);
	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		snprintf(name, sizeof(name), "%s%s", f.path, ends[i]);
		(void)unlink(name);
	}
	(void)rmdir(f.folder);
}

static void add(const char *id, enum ztp_state state)
{
	struct store_request r = {.state = state,
				  .attempt = 1,
				  .received_at = FUZZ_NOW,
				  .expires_at = FUZZ_NOW + 60000};
	struct ztp_error error;

	snprintf(r.id, sizeof(r.id), "%s", id);
	snprintf(r.path, sizeof(r.path),
		 "subscriptions/a/registries/b/devices/%s", id);
	if (ztp_state_finished(state))
		r.finished_at = FUZZ_NOW;
	MUST(store_request_add(f.b.store, &r, &error) == 0);
}

/* The server says on which port it is only in its log. */
static void listen_anywhere(void)
{
	int log_pipe[2];
	char line[LOG_LINE_MAX];
	struct ztp_error error;
	const char *port;
	ssize_t n;

	MUST(pipe(log_pipe) == 0);
	log_init(&f.log, log_pipe[1], LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
	MUST(http_new(&f.b.http, &f.b, &error) == 0);
	n = read(log_pipe[0], line, sizeof(line) - 1);
	MUST(n > 0);
	line[n] = '\0';
	port = strstr(line, "addr=");
	MUST(port && strrchr(port, ':'));
	f.at = (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons((uint16_t)strtol(
					    strrchr(port, ':') + 1, NULL, 10)),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	close(log_pipe[0]);
	close(log_pipe[1]);
	log_init(&f.log, open("/dev/null", O_WRONLY), LOG_LEVEL_ERROR,
		 LOG_FORMAT_LOGFMT);
}

static void begin(void)
{
	static char host[] = "127.0.0.1";
	struct ztp_error error;

	MUST(mkdtemp(f.folder));
	snprintf(f.path, sizeof(f.path), "%s/store", f.folder);
	MUST(store_open(&f.b.store, f.path, false, &error) == 0);
	MUST(verdicts_new(&f.b.verdicts, &error) == 0);
	MUST(history_new(&f.b.history, &error) == 0);
	f.b.core.config = &f.config;
	f.b.core.log = &f.log;
	f.config.http.listen = f.config.http.host = host;
	add("r-1", ZTP_STATE_REQUESTED);
	add("r-2", ZTP_STATE_ONBOARDED);
	add("r-3", ZTP_STATE_REJECTED);
	MUST(store_commit(f.b.store, FUZZ_NOW, &error) == 0);
	listen_anywhere();
	MUST(atexit(end) == 0);
}

/* --- a client */

/* The client never ends its side of a connection first, and its close is a
 * reset. So no port is left in TIME_WAIT, of which an hour would need more than
 * there are. */
static int dial(void)
{
	struct linger now = {1, 0};
	socklen_t size = sizeof(int);
	int failed;
	struct pollfd p = {.events = POLLOUT};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), i;

	MUST(fd >= 0);
	MUST(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)) == 0);
	MUST(connect(fd, (const struct sockaddr *)&f.at, sizeof(f.at)) == 0 ||
	     errno == EINPROGRESS);
	p.fd = fd;
	for (i = 0; i < WAITS && poll(&p, 1, i ? WAIT_MS : 0) <= 0; i++)
		http_run(f.b.http);
	MUST(getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size) == 0);
	MUST(p.revents == POLLOUT && failed == 0);
	return fd;
}

static void check(const char *answer)
{
	const char *body = strstr(answer, "\r\n\r\n"), *length;
	long status;

	if (!*answer) /* what was no request is not answered */
		return;
	MUST(strncmp(answer, "HTTP/1.", 7) == 0);
	status = strtol(answer + 9, NULL, 10);
	MUST(status >= 100 && status < 600 && status != 500);
	length = strstr(answer, "\r\nContent-Length: ");
	if (body && length && length < body && status < 400 &&
	    strstr(answer, "Content-Type: application/json\r\n"))
		MUST(ztp_json_check(body + 4,
				    (size_t)strtol(length + 18, NULL, 10),
				    1 << 24, NULL) == 0);
}

static void talk(const char *text, size_t len)
{
	static char answer[1 << 20];
	size_t got = 0;
	int fd = dial(), i;
	ssize_t n = -1;

	http_run(f.b.http);
	(void)!write(fd, text, len);
	for (i = 0; i < TURNS && n != 0; i++) {
		struct pollfd p = {fd, POLLIN, 0};

		http_run(f.b.http);
		if (poll(&p, 1, 0) <= 0)
			continue;
		n = read(fd, answer + got, sizeof(answer) - 1 - got);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			break;
		got += (size_t)n;
	}
	answer[got] = '\0';
	close(fd);
	http_run(f.b.http);
	check(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char kind = size > 0 ? (char)*data : '\0';
	char *target, *text = NULL;

	if (kind != '?' && kind != '/')
		return 0;
	if (!*f.path)
		begin();
	size--;
	data++;
	target = fuzz_line(&data, &size);
	MUST(asprintf(&text,
		      "GET /v1/requests%c%s HTTP/1.1\r\nHost: localhost\r\n"
		      "%.*s\r\nConnection: close\r\n\r\n",
		      kind, target, (int)size, (const char *)data) >= 0);
	talk(text, strlen(text));
	free(text);
	free(target);
	return 0;
}
