#include "tools/serve/exchange.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/page_headers.h"
#include "tools/common/cli.h"
#include "tools/serve/api.h"
#include "tools/serve/waits.h"
#include "ztp/text.h"
#include "ztp/topics.h"

#define ENCODING_CHUNKED "chunked"
#define TELL_FAULT_MS	 60000 /* between lines about requests that are none */

/* --- answers */

static const union MHD_ConnectionInfo *
info_of(struct MHD_Connection *connection, enum MHD_ConnectionInfoType what)
{
	return MHD_get_connection_info(connection, what);
}

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
			const struct reply *reply, bool closes)
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
	       add(response, MHD_HTTP_HEADER_CONNECTION,
		   closes ? "close" : NULL) &&
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

/* Its certificate is an old one, or the whole is to end. */
static bool retires(const struct call *call)
{
	const union MHD_ConnectionInfo *info =
		info_of(call->connection, MHD_CONNECTION_INFO_DAEMON);

	return call->server->stopping || !info ||
	       info->daemon != call->server->doors[DOOR_LISTENS].daemon;
}

/* MHD_NO closes the connection. */
static enum MHD_Result send_reply(struct call *call)
{
	int64_t now = ztp_clock_boot();
	struct links *links = &call->server->links;
	struct reply *reply = &call->reply;
	size_t n = reply->text ? strlen(reply->text) : 0;
	struct MHD_Response *response;
	enum MHD_Result rc = MHD_NO;

	if (!links_hold(links, call->link, n, now)) {
		reply_clear(reply);
		*reply = reply_error(503, "too many requests in progress");
	}
	response = make_response(reply);
	if (!response)
		return MHD_NO;
	if (add_headers(response, reply, call->closes || retires(call)))
		rc = MHD_queue_response(call->connection, reply->status,
					response);
	MHD_destroy_response(response);
	links_turn(links, call->link, LINK_READS, now);
	return rc;
}

/* --- requests */

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
	links_turn(&server->links, call->link, LINK_ASKS, ztp_clock_boot());
	return call;
}

struct framing {
	int hosts, lengths, encodings;
	bool odd;	      /* a name may be another one for somebody else */
	const char *encoding; /* the last one; not owned */
};

/* RFC 9110, section 5.6.2: no blank before the colon, for example. */
static bool is_token(const char *name)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";

	for (; *name; name++)
		if (!(*name >= '0' && *name <= '9') &&
		    !(*name >= 'A' && *name <= 'Z') &&
		    !(*name >= 'a' && *name <= 'z') && !strchr(marks, *name))
			return false;
	return true;
}

/* libmicrohttpd before 1.0 takes "Transfer-Encoding:", when its value is on the
 * next line, for "Transfer-Encodingchunked". */
static bool only_begins(const char *name, const char *with)
{
	size_t n = strlen(with);

	return strncasecmp(name, with, n) == 0 && name[n];
}

static enum MHD_Result count_header(void *arg, enum MHD_ValueKind kind,
				    const char *name, const char *value)
{
	struct framing *framing = arg;

	(void)kind;
	framing->odd = framing->odd || !is_token(name) ||
		       only_begins(name, MHD_HTTP_HEADER_CONTENT_LENGTH) ||
		       only_begins(name, MHD_HTTP_HEADER_TRANSFER_ENCODING);
	framing->hosts += !strcasecmp(name, MHD_HTTP_HEADER_HOST);
	framing->lengths += !strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH);
	if (!strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING)) {
		framing->encodings++;
		framing->encoding = value ? value : "";
	}
	return MHD_YES;
}

/* A proxy in front of this may read a request with several of these otherwise,
 * and find somebody else's request in the rest of it. */
static bool is_framed_once(const struct framing *framing)
{
	return !framing->odd && framing->hosts <= 1 &&
	       framing->lengths + framing->encodings <= 1;
}

/* RFC 9112, section 6.3: if chunked is the last coding, the end of the body is
 * known, and only what is inside is not. */
static bool ends_chunked(const char *encoding)
{
	static const char chunked[] = ENCODING_CHUNKED;
	struct ztp_str text = ztp_str_trim(ztp_str_of(encoding));
	size_t n = strlen(chunked);

	return text.n > n && strchr(", \t", text.p[text.n - n - 1]) &&
	       strncasecmp(text.p + text.n - n, chunked, n) == 0;
}

/* Why its body has no end, or none that everybody finds; its status is set. NULL:
 * it has. */
static const char *fault_of(unsigned *status, const struct framing *framing)
{
	*status = MHD_HTTP_BAD_REQUEST;
	if (!is_framed_once(framing))
		return "its length or its Host may be read in two ways";
	if (!framing->encoding ||
	    strcasecmp(framing->encoding, ENCODING_CHUNKED) == 0)
		return NULL;
	if (ends_chunked(framing->encoding))
		*status = MHD_HTTP_NOT_IMPLEMENTED;
	return "Transfer-Encoding is not chunked, which is the only one that "
	       "is understood";
}

/* Whoever sends one may send any number. */
static void tell_fault(struct server *server, const char *fault)
{
	int64_t now = ztp_clock_boot();

	server->faults++;
	if (now < server->tell_fault_at)
		return;
	ztp_cli_warn(ZTP_APPROVER,
		     "requests refused that cannot be read: %llu; the last "
		     "one: %s",
		     (unsigned long long)server->faults, fault);
	server->faults = 0;
	server->tell_fault_at = now + TELL_FAULT_MS;
}

/* What is refused for its headers needs no body: it is not kept. */
static void look_at_headers(struct call *call, const char *version)
{
	struct framing framing = {.odd = false};
	const char *fault;
	unsigned status;

	(void)MHD_get_connection_values(call->connection, MHD_HEADER_KIND,
					count_header, &framing);
	fault = fault_of(&status, &framing);
	/* RFC 9112, section 6.1: HTTP/1.0 has no Transfer-Encoding. */
	call->closes = fault || (framing.encoding &&
				 !strcmp(version, MHD_HTTP_VERSION_1_0));
	if (fault) {
		call->reply = reply_error(status, fault);
		tell_fault(call->server, fault);
	} else if (call->method == METHOD_POST) {
		api_look(call);
	}
	call->unframed = fault != NULL;
}

/* What is too much is read all the same, so that the client gets to read the
 * answer; its time is bounded. */
static void take_body(struct call *call, const char *bytes, size_t len)
{
	char *larger;

	if (call->body_len + len > api_body_max(call))
		call->too_large = true;
	if (call->too_large || call->no_room || call->reply.status)
		return;
	larger = links_hold(&call->server->links, call->link, len,
			    ztp_clock_boot())
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
		call->reply = reply_error(413, "the body is too large");
	else if (call->no_room)
		call->reply =
			reply_error(503, "too much request data in progress");
	else
		api_answer(call);
}

enum MHD_Result exchange_step(void *arg, struct MHD_Connection *connection,
			      const char *address, const char *method,
			      const char *version, const char *bytes,
			      size_t *len, void **seen)
{
	struct call *call = *seen;

	if (!call) {
		call = *seen = begin(arg, connection, address, method);
		if (!call)
			return MHD_NO;
		look_at_headers(call, version);
		/* Where its body ends is not known: it is not waited for. */
		return call->unframed ? send_reply(call) : MHD_YES;
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

void exchange_end(void *arg, struct MHD_Connection *connection, void **seen,
		  enum MHD_RequestTerminationCode code)
{
	struct server *server = arg;
	struct call *call = *seen;

	(void)connection;
	(void)code;
	if (!call)
		return;
	waits_forget(call);
	links_turn(&server->links, call->link, LINK_IDLE, ztp_clock_boot());
	reply_clear(&call->reply);
	free(call->body);
	free(call);
	*seen = NULL;
}
