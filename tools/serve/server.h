/*
 * tools/serve/server.h - what the parts of the server share, and one request
 * while it is worked on. Everything is the loop's thread's.
 */
#ifndef ZTP_SERVE_SERVER_H
#define ZTP_SERVE_SERVER_H

#include <microhttpd.h>

#include "tools/serve/links.h"
#include "tools/serve/reply.h"
#include "tools/serve/serve.h"
#include "tools/serve/target.h"
#include "tools/serve/tokens.h"
#include "tools/serve/world.h"

#define WAIT_DEFAULT_S 30
#define PARKED_MAX     256 /* more get 202 as soon as Kafka has the decision */

/* A decision on its way to Kafka. Whoever comes last frees it: the producer's
 * report, or the request. */
struct sent {
	struct call *call; /* NULL: it has been answered */
};

/* One request of a client. */
struct call {
	struct server *server;
	struct MHD_Connection *connection;
	struct link *link;
	struct target target;
	enum method method;
	char *body; /* owned */
	size_t body_len;
	bool too_large, no_room;
	const struct token *token; /* NULL: none is needed */
	struct reply reply;	   /* status 0: none yet */

	/* While it waits for a result: */
	bool parked;
	struct call *before, *next;
	struct key event;
	uint8_t digest[ZTP_SHA256_LEN];
	char id[ZTP_REQUEST_ID_MAX + 1]; /* of the request */
	bool omnicore;
	int64_t deadline;  /* ms, ztp_clock_boot */
	struct sent *sent; /* NULL: Kafka has it, or another one's */
	const char *applied;
};

struct server {
	const struct serve_settings *settings;
	bool secure; /* what clients use is TLS */
	struct world *world;
	struct tokens tokens;
	struct MHD_Daemon *daemon;
	struct links links;
	struct call *parked;
	int parked_count;
	bool moved; /* libmicrohttpd has to run again */
	bool stopping;
};

#endif
