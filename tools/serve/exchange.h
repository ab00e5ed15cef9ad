/*
 * tools/serve/exchange.h - a request with its body, and its answer, as
 * libmicrohttpd hands them over. arg: the struct server.
 */
#ifndef ZTP_SERVE_EXCHANGE_H
#define ZTP_SERVE_EXCHANGE_H

#include "tools/serve/server.h"

/* Called with the headers, then for each piece of a body, then without one; and
 * once more when a suspended connection goes on. */
enum MHD_Result exchange_step(void *arg, struct MHD_Connection *connection,
			      const char *address, const char *method,
			      const char *version, const char *bytes,
			      size_t *len, void **seen);
/* Also called if the answer was not read to its end. */
void exchange_end(void *arg, struct MHD_Connection *connection, void **seen,
		  enum MHD_RequestTerminationCode code);

#endif
