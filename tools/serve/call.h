/* tools/serve/call.h - what a client's request says. */
#ifndef ZTP_SERVE_CALL_H
#define ZTP_SERVE_CALL_H

#include "tools/serve/server.h"

/* The first header with that name; NULL: none. */
const char *call_header(const struct call *call, const char *name);
/* The body, "" if there is none. */
struct ztp_str call_body(const struct call *call);

#endif
