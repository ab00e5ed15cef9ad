#include "tools/serve/door.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/page_headers.h"
#include "tools/serve/api.h"
#include "tools/serve/waits.h"

#define CONNECTION_MEMORY (32 * 1024) /* request line, headers, output */
#define RUNS_MAX	  8	      /* while more is to be done */

/* --- answers */

static bool add(struct MHD_Response *response, const char *name,
		const char *value)
{
	return !value ||
	       MHD_add_response_header(response, name, value) == MHD_YES;
}

static bool add_always(struct MHD_Response *response)
{
	const struct ztp_page_header *header;
	bool ok = true;

	for (size_t i = 0; ok && (header = ztp_page_header(i)); i++)
		ok = add(response, header->name, header->value);
	return ok;
}

static bool add_headers(struct MHD_Response *response,
			const struct reply *reply)
{
	return add(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->type) &&
	       add(response, MHD_HTTP_HEADER_CONTENT_SECURITY_POLICY,
		   reply->policy ? reply->policy : "default-src 'none'") &&
	       add(response, MHD_HTTP_HEADER_ALLOW, reply->allow) &&
	       add(response, MHD_HTTP_HEADER_LOCATION, reply->location) &&
	       add(response, MHD_HTTP_HEADER_SET_COOKIE, reply->cookie) &&
	       add(response, MHD_HTTP_HEADER_PREFERENCE_APPLIED,
		   reply->applied) &&
	       add(response, MHD_HTTP_HEADER_RETRY_AFTER,
		   reply->again ? "1" : NULL) &&
	       add(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
		   reply->ask_token ? "Bearer" : NULL) &&
	       add_always(response);
}

static struct MHD_Response *make_response(struct reply *reply)
{
	struct MHD_Response *response;

	if (reply->fixed)
		return MHD_create_response_from_buffer(
			reply->len, (void *)(uintptr_t)reply->fixed,
			MHD_RESPMEM_PERSISTENT);
	if (!reply->text)
		return NULL;
	response = MHD_create_response_from_buffer(
		strlen(reply->text), reply->text, MHD_RESPMEM_MUST_FREE);
	if (response)
		reply->text = NULL;
	return response;
}

/* MHD_NO closes the connection. */
static enum MHD_Result send_reply(struct call *call)
{
	struct links *links = &call->server->links;
	struct reply *reply = &call->reply;
	size_t n = reply->text ? strlen(reply->text) : 0;
	struct MHD_Response *response;
	enum MHD_Result rc = MHD_NO;

	if (!links_hold(links, call->link, n)) {
		reply_clear(reply);
		*reply = reply_error(503, "too much is asked for");
	}
	response = make_response(reply);
	if (!response)
		return MHD_NO;
	if (add_headers(response, reply))
		rc = MHD_queue_response(call->connection, reply->status,
					response);
	MHD_destroy_response(response);
	links_turn(links, call->link, LINK_READS, ztp_clock_boot());
	return rc;
}

/* --- requests */

static const union MHD_ConnectionInfo *
info_of(struct MHD_Connection *connection, enum MHD_ConnectionInfoType what)
{
	return MHD_get_connection_info(connection, what);
}

static struct call *begin(struct server *server,
			  struct MHD_Connection *connection,
			  const char *address, const char *method)
{
	const union MHD_ConnectionInfo *info =
		info_of(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct call *call;

	if (!info || !info->socket_context)
		return NULL;
	call = calloc(1, sizeof(*call));
	if (!call)
		return NULL;
	call->server = server;
	call->connection = connection;
	call->link = info->socket_context;
	call->method = method_read(method);
	target_read(&call->target, address);
	return call;
}

/* What is too much is read all the same, so that the client gets to read the
 * answer; its time is bounded. */
static void take_body(struct call *call, const char *bytes, size_t len)
{
	char *larger;

	if (call->body_len + len > BODY_MAX)
		call->too_large = true;
	if (call->too_large || call->no_room)
		return;
	larger = links_hold(&call->server->links, call->link, len)
			 ? realloc(call->body, call->body_len + len + 1)
			 : NULL;
	if (!larger) {
		call->no_room = true;
		return;
	}
	memcpy(larger + call->body_len, bytes, len);
	call->body = larger;
	call->body_len += len;
	larger[call->body_len] = '\0';
}

static void answer(struct call *call)
{
	if (call->too_large)
		call->reply = reply_error(413, "the body has more than 256 "
					       "KiB");
	else if (call->no_room)
		call->reply = reply_error(503, "too much is sent at once");
	else
		api_answer(call);
}

/* Called with the headers, then for each piece of a body, then without one; and
 * once more when a suspended connection goes on. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection,
				  const char *address, const char *method,
				  const char *version, const char *bytes,
				  size_t *len, void **seen)
{
	struct call *call = *seen;

	(void)version;
	if (!call) {
		call = *seen = begin(arg, connection, address, method);
		return call ? MHD_YES : MHD_NO;
	}
	if (*len > 0) {
		take_body(call, bytes, *len);
		*len = 0;
		return MHD_YES;
	}
	if (!call->reply.status)
		answer(call);
	return call->parked ? MHD_YES : send_reply(call);
}

/* Also called if the answer was not read to its end. */
static void on_done(void *arg, struct MHD_Connection *connection, void **seen,
		    enum MHD_RequestTerminationCode code)
{
	struct server *server = arg;
	struct call *call = *seen;

	(void)connection;
	(void)code;
	if (!call)
		return;
	waits_forget(call);
	links_turn(&server->links, call->link, LINK_ASKS, ztp_clock_boot());
	reply_clear(&call->reply);
	free(call->body);
	free(call);
	*seen = NULL;
}

static void on_connection(void *arg, struct MHD_Connection *connection,
			  void **link, enum MHD_ConnectionNotificationCode code)
{
	struct server *server = arg;

	server->moved = true;
	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		links_leave(&server->links, *link);
		*link = NULL;
		return;
	}
	*link = links_join(
		&server->links,
		info_of(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
			->connect_fd,
		ztp_clock_boot());
}

/* Addresses are decoded here, segment by segment: libmicrohttpd would make a
 * NUL of %00. */
static size_t keep_escapes(void *arg, struct MHD_Connection *connection,
			   char *text)
{
	(void)arg;
	(void)connection;
	return strlen(text);
}

/* It reports clients that hang up. */
__attribute__((format(printf, 2, 0))) static void
on_complaint(void *arg, const char *format, va_list args)
{
	(void)arg;
	(void)format;
	(void)args;
}

/* --- start and end */

#define OPTIONS_MAX 8

static void add_option(struct MHD_OptionItem options[OPTIONS_MAX],
		       enum MHD_OPTION option, const char *value)
{
	size_t i = 0;

	while (options[i].option != MHD_OPTION_END)
		i++;
	options[i] =
		(struct MHD_OptionItem){option, 0, (void *)(uintptr_t)value};
	options[i + 1] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
}

int door_start(struct server *server, int listening, const struct door_tls *tls,
	       struct ztp_error *error)
{
	struct MHD_OptionItem options[OPTIONS_MAX] = {
		{MHD_OPTION_END, 0, NULL}};
	unsigned flags =
		MHD_USE_EPOLL | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME;

	if (tls->cert) {
		flags |= MHD_USE_TLS;
		add_option(options, MHD_OPTION_HTTPS_MEM_CERT, tls->cert);
		add_option(options, MHD_OPTION_HTTPS_MEM_KEY, tls->key);
		add_option(options, MHD_OPTION_HTTPS_PRIORITIES,
			   "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2");
	}
	if (tls->client_ca)
		add_option(options, MHD_OPTION_HTTPS_MEM_TRUST, tls->client_ca);
	/* The logger must be the first option. */
	server->daemon = MHD_start_daemon(
		flags, 0, NULL, NULL, on_request, server,
		MHD_OPTION_EXTERNAL_LOGGER, on_complaint, NULL,
		MHD_OPTION_LISTEN_SOCKET, listening,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)(2 * LINKS_MAX),
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
		MHD_OPTION_NOTIFY_COMPLETED, on_done, server, MHD_OPTION_ARRAY,
		options, MHD_OPTION_END);
	if (!server->daemon)
		return ztp_fail(error, ZTP_ERR_IO,
				"libmicrohttpd does not start%s",
				tls->cert ? "; are --tls-cert and --tls-key "
					    "right?"
					  : "");
	return 0;
}

int door_fd(const struct server *server)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);

	return info ? info->epoll_fd : -1;
}

int64_t door_wait_ms(const struct server *server)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (server->moved)
		return 0;
	if (MHD_get_timeout(server->daemon, &ms) != MHD_YES)
		return -1;
	return ms < 1000 ? (int64_t)ms : 1000;
}

/* It runs again after connections have come or gone: at its limit
 * libmicrohttpd listens anew only in the run after the one that freed some. */
void door_run(struct server *server)
{
	int i = 0;

	do {
		server->moved = false;
		(void)MHD_run(server->daemon);
	} while (server->moved && ++i < RUNS_MAX);
}

void door_quiesce(struct server *server)
{
	int listening = MHD_quiesce_daemon(server->daemon);

	if (listening >= 0)
		close(listening);
}

void door_stop(struct server *server)
{
	if (server->daemon)
		MHD_stop_daemon(server->daemon);
	server->daemon = NULL;
}
