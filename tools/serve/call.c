#include "tools/serve/call.h"

const char *call_header(const struct call *call, const char *name)
{
	return MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND,
					   name);
}

struct ztp_str call_body(const struct call *call)
{
	return (struct ztp_str){call->body ? call->body : "", call->body_len};
}
