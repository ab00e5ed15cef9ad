#include "tools/serve/access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "tools/serve/call.h"
#include "tools/serve/peer.h"
#include "tools/serve/session.h"
#include "tools/serve/text.h"
#include "ztp/event.h"

#define COOKIE	      "ztp_session"
#define COOKIE_SECURE "__Host-ztp_session"
#define SCHEME	      "Bearer "

static bool fail(struct call *call, unsigned status, const char *message)
{
	call->reply = reply_error(status, message);
	return false;
}

/* --- where it comes from */

static bool from_own_page(const struct call *call)
{
	const char *origin = call_header(call, MHD_HTTP_HEADER_ORIGIN);

	return origin &&
	       origin_is_host(origin, call_header(call, MHD_HTTP_HEADER_HOST));
}

/* Programs send no Origin. */
static bool from_other_page(const struct call *call)
{
	return call_header(call, MHD_HTTP_HEADER_ORIGIN) &&
	       !from_own_page(call);
}

/* The text of a token, or NULL. No page of another origin may send one without
 * asking first; a browser adds other schemes' headers by itself. */
static const char *bearer_of(const struct call *call)
{
	const char *text = call_header(call, MHD_HTTP_HEADER_AUTHORIZATION);

	if (!text || strncasecmp(text, SCHEME, strlen(SCHEME)) != 0)
		return NULL;
	return text + strlen(SCHEME);
}

/* Likewise. */
static bool is_json(const struct call *call)
{
	const char *type = call_header(call, MHD_HTTP_HEADER_CONTENT_TYPE);
	const size_t n = strlen(ZTP_MEDIA_JSON);

	return type && strncasecmp(type, ZTP_MEDIA_JSON, n) == 0 &&
	       (type[n] == '\0' || type[n] == ';' || type[n] == ' ');
}

static bool check_origin(struct call *call)
{
	if (!call->server->settings->tokens_file &&
	    !host_is_loopback(call_header(call, MHD_HTTP_HEADER_HOST)))
		return fail(call, 403,
			    "without --tokens only this machine's own names "
			    "are answered to");
	if (from_other_page(call))
		return fail(call, 403, "this Origin is not this server");
	if (call->method == METHOD_POST && !is_json(call) &&
	    !(call->server->settings->tokens_file && bearer_of(call)))
		return fail(call, 415, "the body must be application/json");
	return true;
}

/* --- who it is */

static struct token *by_bearer(const struct call *call)
{
	const char *text = bearer_of(call);
	uint8_t hash[ZTP_SHA256_LEN];
	struct ztp_str token;

	if (!text)
		return NULL;
	token = ztp_str_trim(ztp_str_of(text));
	ztp_sha256(hash, token.p, token.n);
	return tokens_find(&call->server->tokens, false, hash);
}

static const char *cookie_name(const struct server *server)
{
	return server->secure ? COOKIE_SECURE : COOKIE;
}

static struct token *by_session(const struct call *call)
{
	const char *text = MHD_lookup_connection_value(
		call->connection, MHD_COOKIE_KIND, cookie_name(call->server));

	return text ? session_find(&call->server->tokens, text,
				   ztp_clock_wall())
		    : NULL;
}

static struct token *by_certificate(const struct call *call)
{
	uint8_t fingerprint[ZTP_SHA256_LEN];

	if (!call->server->settings->client_ca ||
	    !peer_fingerprint(fingerprint, call->connection))
		return NULL;
	return tokens_find(&call->server->tokens, true, fingerprint);
}

/* Sets *token, NULL where none is needed. */
static bool find(struct call *call, struct token **token)
{
	*token = NULL;
	if (!check_origin(call))
		return false;
	if (!call->server->settings->tokens_file)
		return true;
	*token = by_bearer(call);
	if (!*token && !call_header(call, MHD_HTTP_HEADER_AUTHORIZATION)) {
		*token = by_session(call);
		if (*token && call->method != METHOD_GET &&
		    !from_own_page(call))
			return fail(call, 403,
				    "with a session, Origin must be this "
				    "server");
		if (!*token)
			*token = by_certificate(call);
	}
	if (!*token)
		return fail(call, 401, "a valid token is required");
	return true;
}

bool access_look(struct call *call)
{
	struct token *token;

	return find(call, &token);
}

bool access_check(struct call *call)
{
	struct token *token;

	if (!find(call, &token))
		return false;
	if (token && !token_count(token, ztp_clock_boot()))
		return fail(call, 429, "too many requests with this token");
	call->token = token;
	call->link->let_in = true;
	return true;
}

void access_charge(const struct call *call, int requests)
{
	if (call->token)
		token_charge(call->token, requests);
}

bool access_to(const struct call *call, const char *path)
{
	struct ztp_path parts;

	if (!call->token)
		return true;
	return ztp_path_parse(&parts, path, strlen(path), NULL) == 0 &&
	       token_may(call->token, parts.subscription, parts.registry);
}

/* --- the page's session */

static struct reply set_cookie(struct call *call, const char *text, int age_s)
{
	struct reply reply = reply_empty(MHD_HTTP_NO_CONTENT);
	char cookie[256];

	(void)snprintf(cookie, sizeof(cookie),
		       "%s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict%s",
		       cookie_name(call->server), text, age_s,
		       call->server->secure ? "; Secure" : "");
	reply.cookie = strdup(cookie);
	return reply;
}

static struct reply sign_in(struct call *call)
{
	char text[TOKEN_MAX + 1], session[SESSION_MAX];
	uint8_t hash[ZTP_SHA256_LEN];
	struct ztp_error error;
	struct token *token;

	if (body_token(text, call_body(call), &error) != 0)
		return reply_error(400, error.message);
	ztp_sha256(hash, text, strlen(text));
	explicit_bzero(text, sizeof(text));
	token = tokens_find(&call->server->tokens, false, hash);
	if (!token)
		return reply_error(401, "this token is not known");
	if (!token_count(token, ztp_clock_boot()))
		return reply_error(429, "too many requests with this token");
	session_make(session, token, ztp_clock_wall());
	return set_cookie(call, session, SESSION_S);
}

struct reply access_session(struct call *call)
{
	if (!call->server->settings->tokens_file)
		return reply_error(404, "there are no sessions without "
					"--tokens");
	if (!check_origin(call))
		return call->reply;
	return call->method == METHOD_POST ? sign_in(call)
					   : set_cookie(call, "", 0);
}
