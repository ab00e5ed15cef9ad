/*
 * tools/serve/tokens.h - who may ask, and for what: a file of lines
 *
 *	sha256:HEX SCOPE...         the SHA-256 of a token
 *	cert:FINGERPRINT SCOPE...   of a client's certificate
 *
 * SCOPE is a subscription, or a registry as s/r. # begins a comment. Only its
 * owner may read or write the file. It holds no token, but a session can be
 * made from what it holds (session.h).
 */
#ifndef ZTP_SERVE_TOKENS_H
#define ZTP_SERVE_TOKENS_H

#include "ztp/path.h"

#define TOKENS_FILE_MAX	 (256 * 1024)
#define TOKENS_MAX	 1000
#define TOKEN_SCOPES_MAX 64
#define TOKEN_RATE	 100 /* requests a second, and at once */
#define TOKEN_ID_LEN	 8

struct token {
	uint8_t hash[ZTP_SHA256_LEN]; /* of the token, or the certificate */
	bool is_cert;
	uint8_t id[TOKEN_ID_LEN]; /* names it in a session */
	char name[32];		  /* in decided_by */
	char *scopes[TOKEN_SCOPES_MAX];
	size_t scope_count;
	int64_t left, at; /* of its rate: thousandths, and when (ms) */
};

struct tokens {
	struct token *items; /* owned */
	size_t count;
};

/* Messages begin with FILE:LINE: where there is a line to name. */
int tokens_load(struct tokens *tokens, const char *path,
		struct ztp_error *error);
/* The same from the file's text, for messages about path. */
int tokens_read(struct tokens *tokens, const char *path, const char *text,
		size_t len, struct ztp_error *error);
void tokens_clear(struct tokens *tokens);

/* Compares with all of them, in a time that does not depend on what they are.
 * NULL: none. */
struct token *tokens_find(const struct tokens *tokens, bool is_cert,
			  const uint8_t hash[ZTP_SHA256_LEN]);
/* May it ask for devices of that registry? */
bool token_may(const struct token *token, struct ztp_str subscription,
	       struct ztp_str registry);
/* Counts a request. False: there were too many. now_ms never goes back. */
bool token_count(struct token *token, int64_t now_ms);
/* The request has cost as much as so many more: it has less left then, down to
 * what a second gives it back. */
void token_charge(struct token *token, int requests);

#endif
