/*
 * tools/serve/session.h - the page's session: a cookie that says which token it
 * was made with and until when it is valid, signed with the token's line in the
 * tokens file. So it is valid on every instance that has the same file, is kept
 * nowhere, does not hold the token, and ends when the line is removed.
 */
#ifndef ZTP_SERVE_SESSION_H
#define ZTP_SERVE_SESSION_H

#include "tools/serve/tokens.h"

#define SESSION_S   (12 * 3600)
#define SESSION_MAX 128 /* of its text, with the NUL */

void session_make(char out[SESSION_MAX], const struct token *token,
		  int64_t now_ms);
/* The token of a session that is valid at now_ms (wall clock); NULL: none. */
struct token *session_find(const struct tokens *tokens, const char *text,
			   int64_t now_ms);

#endif
