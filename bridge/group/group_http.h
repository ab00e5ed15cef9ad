/*
 * bridge/group/group_http.h - the admin server of a bridge that is one of
 * several.
 *
 * It is there from start to end, whatever the bridge is: it listens on one
 * socket, and its pages are of the active loop's bridge while there is one, else
 * of one that has only what is shown (`home`). The process's counters are kept
 * there meanwhile. Loop thread only; without http.listen nothing is served.
 */
#ifndef BRIDGE_GROUP_GROUP_HTTP_H
#define BRIDGE_GROUP_GROUP_HTTP_H

#include "bridge/life/bridge.h"
#include "bridge/loop/notify.h"

struct group_http;
struct group_facts;

/* Signals must be blocked. The caller is away (see below): there is nothing to
 * show yet. */
int group_http_new(struct group_http **pages, const struct core *core,
		   struct notify *notify, struct ztp_error *error);
void group_http_free(struct group_http *pages); /* accepts NULL */

/* Before the parts are there: what is waited for. And what is the matter with Kafka,
 * "", or NULL if that is not known. */
void group_http_trouble(struct group_http *pages, const char *why,
			const char *kafka);
/* The parts, of which `facts` is copied. NULL: they are going to be freed. */
void group_http_show(struct group_http *pages, const struct group_facts *facts);

/* In each turn of the loop: takes the facts; and while it stands by, answers. */
void group_http_turn(struct group_http *pages);
/* To be watched while it stands by, or -1; and how long to wait at most. */
int group_http_fd(const struct group_http *pages);
int group_http_wait_ms(const struct group_http *pages, int ms);

/* The loop thread goes to something that may take long, and is back. */
void group_http_away(struct group_http *pages);
void group_http_back(struct group_http *pages);

struct bridge *group_http_home(struct group_http *pages);
/* The active one's loop begins, with its bridge, or ends (NULL). The loop thread
 * is away before and after. */
void group_http_serving(struct group_http *pages, struct bridge *b);

#endif
