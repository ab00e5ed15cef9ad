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
#include "tools/serve/under_way.h"
#include "tools/serve/world.h"

#define WAIT_DEFAULT_S 30
#define PARKED_MAX     256 /* more get 202 as soon as Kafka has the decision */
/* With those that wait for Kafka alone. Connections are left for the others, so
 * that these are served while Kafka is slow. */
#define PARKED_ALL_MAX 384

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
	bool closes;	     /* the connection, after the answer */
	bool unframed;	     /* where its body ends is not known */
	struct token *token; /* NULL: none is needed */
	struct reply reply;  /* status 0: none yet */

	/* While it waits for a result: */
	bool parked;
	struct call *before, *next;
	struct key event;
	uint8_t digest[ZTP_SHA256_LEN];
	char id[ZTP_REQUEST_ID_MAX + 1]; /* of the request */
	bool omnicore;
	int64_t deadline; /* ms, ztp_clock_boot */
	const char *applied;
};

struct door_tls {
	char *cert, *key, *client_ca; /* PEM, owned; NULL: none */
};

/* libmicrohttpd reads its certificate at its start only: with another one it is
 * started anew, and the one before goes on until its clients have gone. */
enum { DOOR_LISTENS, DOOR_RETIRES, DOORS };

struct door {
	struct MHD_Daemon *daemon; /* NULL: none */
	struct door_tls tls;
};

struct server {
	const struct serve_settings *settings;
	bool secure; /* what clients use is TLS */
	struct world *world;
	struct tokens tokens;
	struct door doors[DOORS]; /* the one that listens, and the one before */
	struct links links;
	struct call *parked;
	int parked_count;
	struct under_way_list under_way;
	int listening;	       /* the socket */
	bool moved;	       /* libmicrohttpd has to run again */
	bool stopping;	       /* nothing more is taken */
	uint64_t faults;       /* requests that are none, since it was said */
	int64_t tell_fault_at; /* ms: when it may be said again */
};

#endif
