#include "tools/serve/call.h"

#include "ztp/fingerprint.h"

const char *call_header(const struct call *call, const char *name)
{
	return MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND,
					   name);
}

/* A byte order mark before it, as some editors write, is not part of it. */
struct ztp_str call_body(const struct call *call)
{
	const char *text = call->body ? call->body : "";
	size_t mark = ztp_bom_len(text, call->body_len);

	return (struct ztp_str){text + mark, call->body_len - mark};
}
