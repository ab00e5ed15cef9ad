/* The admin pages over a real socket, server and client in one thread as in
 * the bridge's loop, with a bridge made by hand: what is listed, how pages
 * follow each other, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#include "bridge/http.h"
#include "ztp/json.h"
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define T0	    1700000000000LL
#define DEADLINE_MS 20000

struct fixture {
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

static int open_http(struct fixture *f, const char *host,
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
	assert_in_range(f->port, 1, 65535);
	return 0;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct ztp_error error;

	assert_non_null(f);
	snprintf(f->folder, sizeof(f->folder), "/tmp/ztp-http-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof(f->path), "%s/store.db", f->folder);
	assert_int_equal(store_open(&f->b.store, f->path, false, &error), 0);
	assert_int_equal(pipe(f->log_pipe), 0);
	log_init(&f->log, f->log_pipe[1], LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
	f->b.log = &f->log;
	f->b.config = &f->config;
	assert_int_equal(open_http(f, "127.0.0.1", &error), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
	struct fixture *f = *state;
	char name[128];
	size_t i;

	http_free(f->b.http);
	store_close(f->b.store);
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

static int dial(const struct fixture *f)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)f->port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* Turns the server's crank until the client can read, as the loop does: only
 * when its descriptor or its timeout says so. */
static void turn(struct fixture *f, int fd)
{
	int64_t end = clock_boot() + DEADLINE_MS;

	for (;;) {
		struct pollfd p[] = {{http_fd(f->b.http), POLLIN, 0},
				     {fd, POLLIN, 0}};
		int64_t wait = http_timeout_ms(f->b.http);

		assert_true(clock_boot() < end);
		if (wait < 0 || wait > 1000)
			wait = 1000;
		assert_true(poll(p, 2, (int)wait) >= 0);
		if (p[1].revents)
			return;
		http_run(f->b.http);
	}
}

/* The server has nothing to do and says so: the loop may sleep. */
static void assert_quiet(struct fixture *f)
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

/* Sends text and reads all until the server closes. */
static void talk(struct fixture *f, const char *text)
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

static void ask(struct fixture *f, const char *method, const char *target)
{
	char text[2048];

	snprintf(text, sizeof(text),
		 "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		 method, target);
	talk(f, text);
}

static cJSON *get_json(struct fixture *f, const char *target, int status)
{
	struct ztp_error error;

	ask(f, "GET", target);
	assert_int_equal(f->status, status);
	assert_non_null(
		strstr(f->answer, "Content-Type: application/json\r\n"));
	cJSON_Delete(f->json);
	f->json = NULL;
	assert_int_equal(ztp_json_parse(&f->json, f->body, strlen(f->body),
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

static void add(struct fixture *f, const char *id, const char *registry,
		enum ztp_state state)
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

static void commit(struct fixture *f)
{
	struct ztp_error error;

	assert_int_equal(store_commit(f->b.store, T0, &error), 0);
}

/* Follows next to the end; returns how many requests there were, in `ids`
 * (may be NULL) the ids in order with a blank behind each. */
static int follow(struct fixture *f, const char *query, char *ids, size_t cap,
		  int *pages)
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

static void assert_listed(struct fixture *f, const char *query, const char *ids)
{
	char found[1024] = "";
	int pages;

	(void)follow(f, query, found, sizeof(found), &pages);
	assert_string_equal(found, ids);
}

/* --- tests */

static void test_health_and_headers(void **state)
{
	struct fixture *f = *state;

	ask(f, "GET", "/healthz");
	assert_int_equal(f->status, 200);
	assert_string_equal(f->body, "ok\n");
	assert_non_null(strstr(f->answer, "X-Content-Type-Options: nosniff"));
	assert_non_null(strstr(f->answer, "Cache-Control: no-store"));
	ask(f, "HEAD", "/healthz");
	assert_int_equal(f->status, 200);
	assert_string_equal(f->body, "");
}

static void test_other_methods(void **state)
{
	static const char *const methods[] = {
		"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		ask(f, methods[i], "/v1/requests");
		assert_int_equal(f->status, 405);
		assert_non_null(strstr(f->answer, "Allow: GET, HEAD\r\n"));
	}
	talk(f, "POST /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
		"Content-Length: 5\r\n\r\nhello");
	assert_int_equal(f->status, 405);
	talk(f, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
		"Content-Length: 5\r\n\r\nhello");
	assert_int_equal(f->status, 200);
}

static void test_not_there(void **state)
{
	static const char *const targets[] = {"/",
					      "/nope",
					      "/healthz/",
					      "/metricsx",
					      "/v1",
					      "/v1/",
					      "/v1/requestsx",
					      "/v1/requests/",
					      "/v1/requests/none",
					      "/v1/requests/a/b",
					      "/v1/requests/../../etc/passwd",
					      "/v1/requests/%2e%2e%2f",
					      "/v1/requests/x%20y"};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
		ask(f, "GET", targets[i]);
		assert_int_equal(f->status, 404);
	}
	get_json(f, "/v1/requests/none", 404);
	assert_non_null(text_of(f->json, "error"));
}

static void test_bad_queries(void **state)
{
	static const char *const queries[] = {
		"state=nope",
		"state=REQUESTED",
		"state=request%00ed",
		"limit=0",
		"limit=-1",
		"limit=1001",
		"limit=1x",
		"limit=99999999999999999999",
		"registry=plant-7",
		"registry=a/b/c",
		"registry=/",
		"registry=a/%2e%2e",
		"registry=a/b%25/../c",
		"after=none",
		"after=@",
		"after=@-1",
		"after=@1x",
		"after=%20",
		"after=a/b",
		"colour=red",
		"limit=1&limit=2",
		"State=requested",
	};
	struct fixture *f = *state;
	char target[128];
	size_t i;

	add(f, "one", "plant-7", ZTP_STATE_REQUESTED);
	commit(f);
	for (i = 0; i < sizeof(queries) / sizeof(*queries); i++) {
		snprintf(target, sizeof(target), "/v1/requests?%s", queries[i]);
		get_json(f, target, 400);
		assert_non_null(text_of(f->json, "error"));
	}
}

static void test_empty_parameters_are_none(void **state)
{
	struct fixture *f = *state;

	assert_listed(f, "", "");
	add(f, "one", "plant-7", ZTP_STATE_REQUESTED);
	commit(f);
	assert_listed(f, "state=&registry=&limit=", "one ");
	get_json(f, "/v1/requests?state", 200);
	assert_null(text_of(f->json, "next"));
}

static void test_members(void **state)
{
	struct fixture *f = *state;
	const cJSON *device;
	cJSON *one;

	add(f, "one", "plant-7", ZTP_STATE_REQUESTED);
	commit(f);
	one = get_json(f, "/v1/requests/one", 200);
	device = cJSON_GetObjectItem(one, "device");
	assert_string_equal(text_of(one, "request_id"), "one");
	assert_string_equal(text_of(device, "path"),
			    "subscriptions/acme/registries/plant-7/devices/"
			    "d-one");
	assert_string_equal(text_of(device, "subscription"), "acme");
	assert_string_equal(text_of(device, "registry"), "plant-7");
	assert_string_equal(text_of(device, "id"), "d-one");
	assert_string_equal(text_of(one, "fingerprint_sha256"),
			    "abababababababababababababababab"
			    "abababababababababababababababab");
	assert_string_equal(text_of(one, "state"), "requested");
	assert_string_equal(text_of(one, "received_at"),
			    "2023-11-14T22:13:20.000Z");
	assert_string_equal(text_of(one, "expires_at"),
			    "2023-11-14T22:14:20.000Z");
	assert_int_equal(cJSON_GetObjectItem(one, "attempt")->valueint, 1);
	assert_int_equal(cJSON_GetObjectItem(one, "tries")->valueint, 0);
	assert_int_equal(cJSON_GetArraySize(one), 8); /* and no other */
}

static void test_decision_without_its_payload(void **state)
{
	struct fixture *f = *state;
	struct store_decision d = {.by_customer = true,
				   .verdict = ZTP_APPROVE,
				   .topic = "ztp.decisions",
				   .partition = 2,
				   .offset = 9007199254740993,
				   .reason = "known",
				   .message = "by \"hand\"\n",
				   .payload = {.kind = ZTP_PAYLOAD_TEXT,
					       .data = (uint8_t *)"MARKER",
					       .len = 6}};
	struct ztp_error error;
	cJSON *decision;

	add(f, "one", "plant-7", ZTP_STATE_ONBOARDED);
	assert_int_equal(store_decision_put(f->b.store, 1, &d, &error), 0);
	add(f, "two", "plant-7", ZTP_STATE_REJECTED);
	d.by_customer = false;
	d.verdict = ZTP_REJECT;
	d.reason[0] = d.message[0] = '\0';
	assert_int_equal(store_decision_put(f->b.store, 2, &d, &error), 0);
	commit(f);
	decision = cJSON_GetObjectItem(get_json(f, "/v1/requests/one", 200),
				       "decision");
	assert_string_equal(text_of(decision, "verdict"), "approve");
	assert_string_equal(text_of(decision, "by"), "customer");
	assert_string_equal(text_of(decision, "reason"), "known");
	assert_string_equal(text_of(decision, "message"), "by \"hand\"\n");
	assert_non_null(strstr(f->body,
			       "\"position\":{\"topic\":\"ztp.decisions\","
			       "\"partition\":2,\"offset\":9007199254740993}"));
	assert_null(strstr(f->answer, "MARKER"));
	decision = cJSON_GetObjectItem(get_json(f, "/v1/requests/two", 200),
				       "decision");
	assert_string_equal(text_of(decision, "verdict"), "reject");
	assert_string_equal(text_of(decision, "by"), "timeout");
	assert_int_equal(cJSON_GetArraySize(decision), 2);
	assert_string_equal(text_of(f->json, "finished_at"),
			    "2023-11-14T22:13:25.000Z");
}

static void test_filters(void **state)
{
	struct fixture *f = *state;

	add(f, "a", "plant", ZTP_STATE_REQUESTED);
	add(f, "b", "plant-7", ZTP_STATE_RECEIVED);
	add(f, "c", "plant-7", ZTP_STATE_REQUESTED);
	add(f, "d", "plant-7", ZTP_STATE_ONBOARDED);
	add(f, "e", "plant-70", ZTP_STATE_REQUESTED);
	commit(f);
	assert_listed(f, "", "a b c d e ");
	assert_listed(f, "state=requested", "a c e ");
	assert_listed(f, "state=received", "b ");
	assert_listed(f, "state=onboarded", "d ");
	assert_listed(f, "state=expired", "");
	assert_listed(f, "registry=acme/plant-7", "b c d ");
	assert_listed(f, "registry=acme%2Fplant-7&state=requested", "c ");
	assert_listed(f, "registry=acme/other", "");
	assert_listed(f, "registry=acm/plant-7", "");
}

static void test_pages(void **state)
{
	struct fixture *f = *state;
	char id[16];
	int i, pages;

	for (i = 0; i < 250; i++) {
		snprintf(id, sizeof(id), "r%d", i);
		add(f, id, "plant-7",
		    i % 10 ? ZTP_STATE_ONBOARDED : ZTP_STATE_REQUESTED);
	}
	commit(f);
	assert_int_equal(follow(f, "", NULL, 0, &pages), 250);
	assert_int_equal(pages, 3);
	assert_int_equal(follow(f, "limit=125", NULL, 0, &pages), 250);
	assert_int_equal(pages, 2); /* no empty page behind the last */
	assert_int_equal(follow(f, "limit=1000", NULL, 0, &pages), 250);
	assert_int_equal(pages, 1);
	assert_int_equal(follow(f, "limit=7&state=requested", NULL, 0, &pages),
			 25);
	assert_int_equal(pages, 4);
	assert_listed(f, "limit=9&state=requested&registry=acme/none", "");
	/* a request id is a cursor, too */
	get_json(f, "/v1/requests?after=r247", 200);
	assert_non_null(strstr(f->body, "\"r248\""));
	assert_non_null(strstr(f->body, "\"r249\""));
	assert_null(strstr(f->body, "\"r247\""));
}

/* Many that are done between two that are not: the two are there at once, and
 * a search that has to pass over all of them gets to its end in pages. */
static void test_a_long_way_between(void **state)
{
	struct fixture *f = *state;
	char id[16];
	int i, pages;

	add(f, "first", "plant-7", ZTP_STATE_REQUESTED);
	for (i = 0; i < 20000; i++) {
		snprintf(id, sizeof(id), "x%d", i);
		add(f, id, "plant-7", ZTP_STATE_ONBOARDED);
	}
	add(f, "away", "plant-7", ZTP_STATE_REGISTERED);
	add(f, "last", "plant-7", ZTP_STATE_REQUESTED);
	commit(f);
	get_json(f, "/v1/requests?state=requested", 200);
	assert_int_equal(
		cJSON_GetArraySize(cJSON_GetObjectItem(f->json, "requests")),
		2);
	assert_null(text_of(f->json, "next"));
	assert_listed(f, "state=registered", "away ");
	assert_int_equal(
		follow(f, "limit=1000&state=onboarded", NULL, 0, &pages),
		20000);
}

static void test_several_at_once(void **state)
{
	static const char text[] = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
	struct fixture *f = *state;
	int idle = dial(f), half = dial(f), kept = dial(f);
	char answer[1024];
	ssize_t n;
	int i;

	assert_int_equal(write(half, "GET /hea", 8), 8);
	ask(f, "GET", "/healthz"); /* nobody waits for the slow */
	assert_int_equal(f->status, 200);
	assert_quiet(f);
	assert_in_range(http_timeout_ms(f->b.http), 1, 10000);
	for (i = 0; i < 3; i++) { /* one connection, many questions */
		assert_int_equal(write(kept, text, sizeof(text) - 1),
				 sizeof(text) - 1);
		turn(f, kept);
		n = read(kept, answer, sizeof(answer) - 1);
		assert_true(n > 0);
		answer[n] = '\0';
		assert_non_null(strstr(answer, " 200 "));
	}
	assert_quiet(f);
	close(idle);
	close(half);
	close(kept);
	assert_quiet(f);
	assert_int_equal(http_timeout_ms(f->b.http), -1);
}

static void test_more_than_its_memory(void **state)
{
	struct fixture *f = *state;
	size_t len = 100000;
	char *text = calloc(1, len + 64);

	assert_non_null(text);
	memset(text, 'a', len);
	memcpy(text, "GET /", 5);
	snprintf(text + len, 64, " HTTP/1.1\r\nHost: x\r\n\r\n");
	talk(f, text);
	free(text);
	assert_in_range(f->status, 400, 499);
	ask(f, "GET", "/healthz");
	assert_int_equal(f->status, 200);
}

static void test_address_in_use(void **state)
{
	struct fixture *f = *state;
	struct http *first = f->b.http;
	struct ztp_error error;

	assert_int_equal(open_http(f, "127.0.0.1", &error), ZTP_ERR_IO);
	assert_null(f->b.http);
	assert_non_null(strstr(error.message, "http.listen 127.0.0.1"));
	assert_non_null(strstr(error.message, "in use"));
	f->b.http = first;
}

static void test_ip6_and_names(void **state)
{
	struct fixture *f = *state;
	struct ztp_error error;

	http_free(f->b.http);
	f->port = 0;
	assert_int_equal(open_http(f, "localhost", &error), 0);
	http_free(f->b.http);
	f->port = 0;
	assert_int_equal(open_http(f, "::", &error), 0);
	ask(f, "GET", "/healthz"); /* by IPv4, too */
	assert_int_equal(f->status, 200);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_health_and_headers),
		T(test_other_methods),
		T(test_not_there),
		T(test_bad_queries),
		T(test_empty_parameters_are_none),
		T(test_members),
		T(test_decision_without_its_payload),
		T(test_filters),
		T(test_pages),
		T(test_a_long_way_between),
		T(test_several_at_once),
		T(test_more_than_its_memory),
		T(test_address_in_use),
		T(test_ip6_and_names),
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}
