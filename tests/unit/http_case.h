/*
 * tests/unit/http_case.h - the admin pages over a real socket. Server and
 * client run in one thread, as in the bridge's loop, with a bridge made by
 * hand.
 */
#ifndef TEST_HTTP_CASE_H
#define TEST_HTTP_CASE_H

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json_tree.h"
#include "bridge/core/history.h"
#include "bridge/core/verdicts.h"
#include "bridge/http/http.h"

#define T0	    1700000000000LL
#define DEADLINE_MS 20000

struct http_case {
	char folder[64], path[96];
	struct config config;
	struct bridge b;
	struct log log;
	int log_pipe[2];
	char host[32];
	int port;
	char answer[4 << 20];
	int status;
	const char *body;
	cJSON *json;
};

static inline int open_http(struct http_case *f, const char *host,
			    struct ztp_error *error)
{
	char line[LOG_LINE_MAX];
	const char *at;
	ssize_t n;
	int rc;

	snprintf(f->host, sizeof(f->host), "%s", host);
	f->config.http.listen = f->config.http.host = f->host;
	f->config.http.port = f->port;
	rc = http_new(&f->b.http, &f->b, error);
	if (rc < 0)
		return rc;
	n = read(f->log_pipe[0], line, sizeof(line) - 1);
	assert_true(n > 0);
	line[n] = '\0';
	assert_non_null(strstr(line, "event=http_listening"));
	at = strstr(line, "addr=");
	assert_non_null(at);
	f->port = (int)strtol(strrchr(at, ':') + 1, NULL, 10);
	assert_true(f->port >= 1 && f->port <= 65535);
	return 0;
}

static inline int http_case_setup(void **state)
{
	struct http_case *f = calloc(1, sizeof(*f));
	struct ztp_error error;

	assert_non_null(f);
	snprintf(f->folder, sizeof(f->folder), "/tmp/ztp-http-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof(f->path), "%s/store.db", f->folder);
	assert_int_equal(store_open(&f->b.store, f->path, false, &error), 0);
	assert_int_equal(verdicts_new(&f->b.verdicts, &error), 0);
	assert_int_equal(history_new(&f->b.history, &error), 0);
	assert_int_equal(pipe(f->log_pipe), 0);
	log_init(&f->log, f->log_pipe[1], LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
	f->b.core.log = &f->log;
	f->b.core.config = &f->config;
	assert_int_equal(open_http(f, "127.0.0.1", &error), 0);
	*state = f;
	return 0;
}

static inline int http_case_teardown(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
	struct http_case *f = *state;
	char name[128];
	size_t i;

	http_free(f->b.http);
	store_close(f->b.store);
	verdicts_free(f->b.verdicts);
	history_free(f->b.history);
	close(f->log_pipe[0]);
	close(f->log_pipe[1]);
	for (i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%s%s", f->path, ends[i]);
		(void)unlink(name);
	}
	assert_int_equal(rmdir(f->folder), 0);
	cJSON_Delete(f->json);
	free(f);
	return 0;
}

/* --- a client */

static inline int dial(const struct http_case *f)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)f->port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* Runs the server until the client can read, as the loop does: only when its
 * descriptor or its timeout asks for it. */
static inline void turn(struct http_case *f, int fd)
{
	int64_t end = ztp_clock_boot() + DEADLINE_MS;

	for (;;) {
		struct pollfd p[] = {{http_fd(f->b.http), POLLIN, 0},
				     {fd, POLLIN, 0}};
		int64_t wait = http_timeout_ms(f->b.http);

		assert_true(ztp_clock_boot() < end);
		if (wait < 0 || wait > 1000)
			wait = 1000;
		assert_true(poll(p, 2, (int)wait) >= 0);
		if (p[1].revents)
			return;
		http_run(f->b.http);
	}
}

/* The server reports that it has nothing to do, so the loop may sleep. */
static inline void assert_quiet(struct http_case *f)
{
	struct pollfd p = {http_fd(f->b.http), POLLIN, 0};
	int i;

	for (i = 0; i < 10; i++) {
		if (poll(&p, 1, 0) == 0 && http_timeout_ms(f->b.http) != 0)
			return;
		http_run(f->b.http);
	}
	fail_msg("the server is never done");
}

/* Sends text and reads until the server closes the connection. */
static inline void talk(struct http_case *f, const char *text)
{
	int fd = dial(f);
	size_t got = 0;
	ssize_t n;

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	do {
		turn(f, fd);
		n = read(fd, f->answer + got, sizeof(f->answer) - 1 - got);
		assert_true(n >= 0);
		got += (size_t)n;
	} while (n > 0);
	close(fd);
	f->answer[got] = '\0';
	assert_memory_equal(f->answer, "HTTP/1.1 ", 9);
	f->status = (int)strtol(f->answer + 9, NULL, 10);
	f->body = strstr(f->answer, "\r\n\r\n");
	assert_non_null(f->body);
	f->body += 4;
}

static inline void ask(struct http_case *f, const char *method,
		       const char *target)
{
	char text[2048];

	snprintf(text, sizeof(text),
		 "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: "
		 "close\r\n\r\n",
		 method, target);
	talk(f, text);
}

static inline cJSON *get_json(struct http_case *f, const char *target,
			      int status)
{
	struct ztp_error error;

	ask(f, "GET", target);
	assert_int_equal(f->status, status);
	assert_non_null(
		strstr(f->answer, "Content-Type: application/json\r\n"));
	cJSON_Delete(f->json);
	f->json = NULL;
	assert_int_equal(ztp_tree_parse(&f->json, f->body, strlen(f->body),
					sizeof(f->answer), &error),
			 0);
	return f->json;
}

static const char *text_of(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(object, name));
}

/* --- rows */

static inline void add(struct http_case *f, const char *id,
		       const char *registry, enum ztp_state state)
{
	struct store_request r = {.state = state,
				  .attempt = 1,
				  .received_at = T0,
				  .expires_at = T0 + 60000};
	struct ztp_error error;

	snprintf(r.id, sizeof(r.id), "%s", id);
	snprintf(r.path, sizeof(r.path),
		 "subscriptions/acme/registries/%s/devices/d-%s", registry, id);
	memset(r.fingerprint, 0xab, sizeof(r.fingerprint));
	if (ztp_state_finished(state))
		r.finished_at = T0 + 5000;
	assert_int_equal(store_request_add(f->b.store, &r, &error), 0);
}

static inline void commit(struct http_case *f)
{
	struct ztp_error error;

	assert_int_equal(store_commit(f->b.store, T0, &error), 0);
}

/* In registries of which one's name begins with another's. */
static inline void add_five(struct http_case *f)
{
	add(f, "a", "plant", ZTP_STATE_REQUESTED);
	add(f, "b", "plant-7", ZTP_STATE_RECEIVED);
	add(f, "c", "plant-7", ZTP_STATE_REQUESTED);
	add(f, "d", "plant-7", ZTP_STATE_ONBOARDED);
	add(f, "e", "plant-70", ZTP_STATE_REQUESTED);
	commit(f);
}

/* Follows `next` to the end and returns how many requests there were. ids, if
 * not NULL, gets their ids in order, each followed by a space. */
static inline int follow(struct http_case *f, const char *query, char *ids,
			 size_t cap, int *pages)
{
	char target[512], after[160] = "";
	size_t used = 0;
	int count = 0;

	*pages = 0;
	do {
		const cJSON *page, *row;
		const char *next;

		snprintf(target, sizeof(target), "/v1/requests?%s&after=%s",
			 query, after);
		page = get_json(f, target, 200);
		cJSON_ArrayForEach (row,
				    cJSON_GetObjectItem(page, "requests")) {
			count++;
			if (ids)
				used += (size_t)snprintf(
					ids + used, cap - used, "%s ",
					text_of(row, "request_id"));
		}
		next = text_of(page, "next");
		assert_true(!next || strcmp(next, after) != 0);
		snprintf(after, sizeof(after), "%s", next ? next : "");
		assert_true(++*pages < 10000);
	} while (*after);
	return count;
}

static inline void assert_listed(struct http_case *f, const char *query,
				 const char *ids)
{
	char found[1024] = "";
	int pages;

	(void)follow(f, query, found, sizeof(found), &pages);
	assert_string_equal(found, ids);
}

#endif
