/* tools/serve/decide.h - decisions that are posted, in both forms. */
#ifndef ZTP_SERVE_DECIDE_H
#define ZTP_SERVE_DECIDE_H

#include "tools/serve/server.h"

/* Each sets call->reply, or parks the call. */
void decide_native(struct call *call);
void decide_omnicore(struct call *call);

#endif
