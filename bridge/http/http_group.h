/*
 * bridge/http/http_group.h - /v1/group: this bridge among several, and the
 * others. Loop thread; reads no rows of the store.
 */
#ifndef BRIDGE_HTTP_HTTP_GROUP_H
#define BRIDGE_HTTP_HTTP_GROUP_H

#include "bridge/http/http_page.h"

/* {"instance","role":"active|standby|opening",
 *  "members":[{"instance","version","advertise","role"}],
 *  "lag_records","since","trouble"?,"instance_twice"?}
 *
 * members as Kafka said last, in the order in which they will be active;
 * lag_records is null while it is not known. 404 {"error":...} of a bridge that
 * is not one of several. */
struct http_page http_group(struct bridge *b);

#endif
