/* tools/serve/reply.h - an answer to a request while it is built. */
#ifndef ZTP_SERVE_REPLY_H
#define ZTP_SERVE_REPLY_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

struct reply {
	unsigned status;     /* 0: none yet */
	const char *type;    /* a literal */
	char *text;	     /* owned unless fixed is set; NULL: no memory */
	const char *fixed;   /* a text that outlives the reply; NULL: none */
	size_t len;	     /* of fixed */
	const char *policy;  /* Content-Security-Policy; NULL: load nothing */
	const char *allow;   /* a literal; NULL: none */
	char *location;	     /* owned; NULL: none */
	char *cookie;	     /* owned; NULL: none */
	const char *applied; /* Preference-Applied; a literal; NULL: none */
	bool again;	     /* worth asking again in a second */
	bool ask_token;	     /* WWW-Authenticate */
};

/* {"error":{"code","message","status"}} */
struct reply reply_error(unsigned status, const char *message);
/* The same with a status other than the usual one: a ZTP_CODE_*. */
struct reply reply_named(unsigned status, const char *name,
			 const char *message);
/* Takes tree, which may be NULL: no memory. */
struct reply reply_tree(unsigned status, cJSON *tree);
/* A JSON text, copied. */
struct reply reply_json(unsigned status, const char *text);
struct reply reply_text(unsigned status, const char *text);
/* Nothing but its status. */
struct reply reply_empty(unsigned status);
void reply_clear(struct reply *reply);

#endif
