/* tools/serve/api.h - what is answered at each address. */
#ifndef ZTP_SERVE_API_H
#define ZTP_SERVE_API_H

#include "tools/serve/server.h"

/* How long its body may be. */
size_t api_body_max(const struct call *call);
/* Before the body is there: sets call->reply if it is refused whatever it
 * says. */
void api_look(struct call *call);
/* Sets call->reply, or parks the call. */
void api_answer(struct call *call);

#endif
