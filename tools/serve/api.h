/* tools/serve/api.h - what is answered at each address. */
#ifndef ZTP_SERVE_API_H
#define ZTP_SERVE_API_H

#include "tools/serve/server.h"

/* Sets call->reply, or parks the call. */
void api_answer(struct call *call);

#endif
