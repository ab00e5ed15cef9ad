/*
 * The admin server: routes, answers, and the plain-text pages.
 *
 * What clients can cost is bounded, and /healthz, /readyz and /metrics are
 * answered all the same. Connections: their number, the memory of each, and the
 * time for a request and for an answer (http_clients.h). Answers: the bytes that
 * all clients still have to read. The loop's time: pages that read the store
 * take turns (http_turns.h).
 */
#include "bridge/http/http.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/http_paths.h"
#include "bridge/http/http_answer.h"
#include "bridge/http/http_clients.h"
#include "bridge/http/http_group.h"
#include "bridge/http/http_history.h"
#include "bridge/http/http_host.h"
#include "bridge/http/http_list.h"
#include "bridge/http/http_listen.h"
#include "bridge/http/http_plain.h"
#include "bridge/http/http_refusals.h"
#include "bridge/http/http_requests.h"
#include "bridge/http/http_status.h"
#include "bridge/http/http_still.h"
#include "bridge/http/http_turns.h"
#include "bridge/http/page.h"
#include "bridge/http/readiness.h"
#include "ztp/event.h"

#define HTTP_STATUS   "/v1/status"
#define HTTP_REFUSALS "/v1/refusals"

#define CONNECTION_MEMORY (32 * 1024) /* request line, headers, output */
#define RUNS_MAX	  8	      /* while more connections come */
/* Beyond this libmicrohttpd does not accept: those that it has yet to find
 * closed count as well. */
#define CONNECTIONS_MAX (2 * HTTP_CLIENTS_MAX)

struct http {
	struct bridge *b;
	struct MHD_Daemon *daemon;
	int fd;
	struct http_clients clients;
	struct http_turns turns;
	struct http_still still;
	int64_t away_at; /* the loop thread is, since then; 0: it is not */
	bool moved;	 /* a connection has come or gone in this run */
	char policy[PAGE_POLICY_MAX]; /* of the web page */
};

/* --- pages */

static struct http_page page_html(const struct http *http)
{
	return (struct http_page){
		.status = MHD_HTTP_OK,
		.type = "text/html; charset=utf-8",
		.text = strdup(page_text()),
		.policy = http->policy,
	};
}

static struct http_page page_v1(struct bridge *b, struct MHD_Connection *client,
				const char *path)
{
	const size_t n = sizeof(ZTP_HTTP_REQUESTS) - 1;
	struct readiness r;

	if (strcmp(path, HTTP_STATUS) == 0) {
		bridge_readiness(b, &r);
		return http_status(b, &r);
	}
	if (strcmp(path, "/v1/history") == 0)
		return http_history(b, client);
	if (strcmp(path, HTTP_REFUSALS) == 0)
		return http_refusals(b);
	if (strcmp(path, ZTP_HTTP_REQUESTS) == 0)
		return http_requests_list(b, client);
	if (strncmp(path, ZTP_HTTP_REQUESTS "/", n + 1) == 0)
		return http_requests_one(b, path + n + 1);
	return http_plain_page(MHD_HTTP_NOT_FOUND, strdup("not found\n"));
}

static enum MHD_Result note_parameter(void *arg, enum MHD_ValueKind kind,
				      const char *key, const char *value)
{
	bool *any = arg;

	(void)kind;
	*any = *any || *key || (value && *value); /* "?a=b&" */
	return MHD_YES;
}

/* A page that would answer as if a parameter were not there has no such one: who
 * asks for a registry's refusals would take everybody's for them. The pages with
 * parameters look at them by themselves. */
static bool asks_in_vain(struct MHD_Connection *client, const char *path)
{
	const size_t n = sizeof(ZTP_HTTP_REQUESTS) - 1;
	bool any = false;

	if (strcmp(path, HTTP_STATUS) != 0 &&
	    strcmp(path, HTTP_REFUSALS) != 0 &&
	    strcmp(path, ZTP_HTTP_GROUP) != 0 &&
	    strncmp(path, ZTP_HTTP_REQUESTS "/", n + 1) != 0)
		return false;
	(void)MHD_get_connection_values(client, MHD_GET_ARGUMENT_KIND,
					note_parameter, &any);
	return any;
}

static bool is_known_host(const struct http *http,
			  struct MHD_Connection *client)
{
	const struct config *config = http->b->core.config;
	const struct config_list *names = &config->http.hosts;
	const char *host = MHD_lookup_connection_value(client, MHD_HEADER_KIND,
						       MHD_HTTP_HEADER_HOST);

	return http_host_known(host, names->items, names->count) ||
	       (config->standby.enabled &&
		http_host_advertised(host, config->standby.advertise));
}

/* The time that counts is the thread's: when the machine is busy, nobody here
 * has asked for too much. */
static struct http_page
page_in_turn(struct http *http, struct MHD_Connection *client, const char *path)
{
	int64_t begin = ztp_clock_thread_us();
	struct http_page page = {0};
	bool full;

	if (http->away_at)
		full = !http_turns_wait(&http->turns, client);
	if (http->away_at ||
	    !http_turns_take(&http->turns, client, ztp_clock_us(), &full)) {
		page.later = !full;
		return full ? http_busy_page() : page;
	}
	page = page_v1(http->b, client, path);
	http_turns_spent(&http->turns, ztp_clock_thread_us() - begin,
			 ztp_clock_us());
	return page;
}

/* Pages that need no turn, and whose text is there while the loop is away. */
static bool is_open(struct http *http, const char *path, struct http_page *page)
{
	struct bridge *b = http->b;

	if (strcmp(path, ZTP_HTTP_HEALTH) == 0)
		*page = http_health(
			http->away_at ? ztp_clock_boot() - http->away_at : 0);
	else if (http->away_at)
		return http_still_page(&http->still, path, page);
	else if (strcmp(path, ZTP_HTTP_READY) == 0)
		*page = http_ready(b);
	else if (strcmp(path, HTTP_METRICS) == 0)
		*page = http_metrics(b);
	else if (strcmp(path, ZTP_HTTP_GROUP) == 0)
		*page = http_group(b);
	else
		return false;
	return true;
}

static struct http_page route(struct http *http, struct MHD_Connection *client,
			      const char *path)
{
	struct http_page page;

	if (strcmp(path, ZTP_HTTP_GROUP) != 0 && is_open(http, path, &page))
		return page;
	if (!is_known_host(http, client))
		return http_error_page(MHD_HTTP_MISDIRECTED_REQUEST,
				       "this host is not in http.hosts");
	if (asks_in_vain(client, path))
		return http_error_page(MHD_HTTP_BAD_REQUEST,
				       "this page takes no parameters");
	if (http_clients_full(&http->clients))
		return http_busy_page();
	if (strcmp(path, "/") == 0)
		return page_html(http);
	if (is_open(http, path, &page))
		return page;
	return page_in_turn(http, client, path);
}

/* --- answering */

static const union MHD_ConnectionInfo *
info_of(struct MHD_Connection *connection, enum MHD_ConnectionInfoType what)
{
	return MHD_get_connection_info(connection, what);
}

static struct http_client *client_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		info_of(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static enum MHD_Result send_page(struct http *http,
				 struct MHD_Connection *connection,
				 struct http_page *page)
{
	struct http_client *client = client_of(connection);
	size_t n;

	if (!http_answer(connection, page, &n))
		return MHD_NO; /* no memory: closes the connection */
	if (client)
		http_clients_answer(&http->clients, client, n,
				    ztp_clock_boot());
	return MHD_YES;
}

static enum MHD_Result note_encoding(void *arg, enum MHD_ValueKind kind,
				     const char *name, const char *value)
{
	bool *others = arg;

	(void)kind;
	if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0)
		*others =
			*others || !value || strcasecmp(value, "chunked") != 0;
	return MHD_YES;
}

/* RFC 9112, section 6.3: a body has no end if another coding than chunked is the
 * last one, and the bridge knows no other. libmicrohttpd before 1.0 reads on until
 * the client has lost its patience. */
static bool has_endless_body(struct MHD_Connection *client)
{
	bool others = false;

	(void)MHD_get_connection_values(client, MHD_HEADER_KIND, note_encoding,
					&others);
	return others;
}

static struct http_page endless_page(void)
{
	struct http_page page = http_plain_page(
		MHD_HTTP_BAD_REQUEST,
		strdup("Transfer-Encoding: only chunked is understood\n"));

	page.closes = true;
	return page;
}

/* libmicrohttpd calls this once with the headers, then for each piece of a
 * body, and finally without one. The answer is sent in that last call,
 * whatever the method, so that a client that is still sending gets to read it;
 * but at once if there is no end to wait for. Bodies are ignored. *seen is NULL in
 * the first call. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *client,
				  const char *path, const char *method,
				  const char *version, const char *body,
				  size_t *body_len, void **seen)
{
	struct http *http = arg;
	struct http_page page;

	(void)version;
	(void)body;
	if (!*seen && has_endless_body(client)) {
		page = endless_page();
		return send_page(http, client, &page);
	}
	if (!*seen || *body_len > 0) {
		*body_len = 0;
		*seen = http;
		return MHD_YES;
	}
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
	    strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		page = http_plain_page(
			MHD_HTTP_METHOD_NOT_ALLOWED,
			strdup("only GET and HEAD are allowed\n"));
	else
		page = route(http, client, path);
	if (page.later)
		return MHD_YES;
	return send_page(http, client, &page);
}

/* Also called if the answer was not read to its end. */
static void on_answered(void *arg, struct MHD_Connection *connection,
			void **seen, enum MHD_RequestTerminationCode code)
{
	struct http *http = arg;
	struct http_client *client = client_of(connection);

	(void)seen;
	(void)code;
	if (client)
		http_clients_answered(&http->clients, client, ztp_clock_boot());
}

static void on_connection(void *arg, struct MHD_Connection *connection,
			  void **client,
			  enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *info;
	struct http *http = arg;
	int fd;

	http->moved = true;
	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		http_clients_leave(&http->clients, *client);
		*client = NULL;
		return;
	}
	/* In libmicrohttpd 1.0 an answer is overwritten by the next one. */
	fd = info_of(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	info = info_of(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	*client = http_clients_join(&http->clients, fd,
				    info ? info->client_addr : NULL,
				    ztp_clock_boot());
}

/* libmicrohttpd also reports clients that hang up, so this is debug output. */
__attribute__((format(printf, 2, 0))) static void
on_complaint(void *arg, const char *format, va_list args)
{
	struct http *http = arg;
	char text[256];
	int n;

	if (!log_enabled(http->b->core.log, LOG_LEVEL_DEBUG))
		return;
	n = vsnprintf(text, sizeof(text), format, args);
	if (n > 0)
		log_debug(http->b->core.log, "http_library",
			  LOG_STRN("message", text, strcspn(text, "\n")));
}

/* --- start and end */

static int start(struct http *http, int listening, struct ztp_error *error)
{
	const union MHD_DaemonInfo *info;

	/* The logger must be the first option. From here on the daemon
	 * owns the socket. If the daemon does not start, we cannot know
	 * whether it has closed the socket, so we leave it alone until the
	 * process ends. */
	http->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME, 0,
		NULL, NULL, on_request, http, MHD_OPTION_EXTERNAL_LOGGER,
		on_complaint, http, MHD_OPTION_LISTEN_SOCKET, listening,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
		MHD_OPTION_NOTIFY_COMPLETED, on_answered, http, MHD_OPTION_END);
	if (!http->daemon)
		return ztp_fail(error, ZTP_ERR_IO,
				"http.listen: cannot start libmicrohttpd");
	info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info || info->epoll_fd < 0)
		return ztp_fail(error, ZTP_ERR_IO,
				"http.listen: libmicrohttpd has no epoll");
	http->fd = info->epoll_fd;
	return 0;
}

int http_new(struct http **http, struct bridge *b, struct ztp_error *error)
{
	struct http *made = calloc(1, sizeof(*made));
	int listening, rc;

	*http = NULL;
	if (!made)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	made->b = b;
	made->fd = -1;
	page_policy(made->policy);
	listening = http_listen(&b->core.config->http, error);
	rc = listening < 0 ? listening : start(made, listening, error);
	if (rc < 0) {
		http_free(made);
		return rc;
	}
	http_listen_log(listening, b->core.log);
	*http = made;
	return 0;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	http_turns_end(&http->turns);
	if (http->daemon)
		MHD_stop_daemon(http->daemon);
	http_still_drop(&http->still);
	free(http);
}

void http_serve(struct http *http, struct bridge *b)
{
	http->b = b;
	http_still_drop(&http->still);
}

void http_leave(struct http *http)
{
	int64_t now = ztp_clock_boot();

	http_still_take(&http->still, http->b, now);
	http->away_at = now;
}

void http_return(struct http *http)
{
	http->away_at = 0;
}

void http_changed(struct http *http)
{
	http_still_drop(&http->still);
}

/* --- in the loop */

int http_fd(const struct http *http)
{
	return http->fd;
}

int64_t http_timeout_ms(const struct http *http)
{
	int64_t wait = http->away_at ? -1
				     : http_turns_wait_us(&http->turns,
							  ztp_clock_us());
	int64_t next = http_clients_next(&http->clients), left = -1;
	MHD_UNSIGNED_LONG_LONG ms;

	if (http->moved ||
	    (MHD_get_timeout(http->daemon, &ms) == MHD_YES && ms == 0))
		return 0;
	if (next != INT64_MAX) {
		left = next - ztp_clock_boot();
		left = left > 0 ? left : 0;
	}
	if (wait >= 0 && (left < 0 || (wait + 999) / 1000 < left))
		return (wait + 999) / 1000;
	return left;
}

/* One run of libmicrohttpd accepts ten connections at most, so while more come
 * it runs again: an honest one must not wait for its turn behind hundreds. It
 * runs again after connections have gone as well: at its limit libmicrohttpd
 * does not listen, and only the run after the one that freed some listens anew,
 * though it asks for no such run. */
void http_run(struct http *http)
{
	int i = 0;

	if (!http->away_at)
		http_turns_begin(&http->turns, ztp_clock_us());
	http_clients_end_late(&http->clients, ztp_clock_boot());
	do {
		http->moved = false;
		if (MHD_run(http->daemon) != MHD_YES)
			log_debug(http->b->core.log, "http_library",
				  LOG_STR("message", "MHD_run failed"));
	} while (http->moved && ++i < RUNS_MAX);
}
