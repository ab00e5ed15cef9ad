#include "base/page_headers.h"

static const struct ztp_page_header headers[] = {
	{"Cache-Control", "no-store"},
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
	{"Referrer-Policy", "no-referrer"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
};

const struct ztp_page_header *ztp_page_header(size_t number)
{
	return number < sizeof(headers) / sizeof(*headers) ? &headers[number]
							   : NULL;
}
