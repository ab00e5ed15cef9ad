#include "bridge/http/http_plain.h"

#include <inttypes.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

#include "bridge/http/metrics.h"
#include "bridge/http/readiness.h"

struct http_page http_plain_page(unsigned status, char *text)
{
	return (struct http_page){
		.status = status, .type = ZTP_MEDIA_TEXT, .text = text};
}

struct http_page http_health(int64_t away_ms)
{
	char text[80];

	if (away_ms <= HTTP_AWAY_MAX_MS)
		return http_plain_page(MHD_HTTP_OK, strdup("ok\n"));
	snprintf(text, sizeof(text),
		 "the loop has not turned for %" PRId64 " s\n", away_ms / 1000);
	return http_plain_page(MHD_HTTP_SERVICE_UNAVAILABLE, strdup(text));
}

struct http_page http_ready(struct bridge *b)
{
	struct readiness r;
	char text[READINESS_PARTS_MAX * (sizeof(r.parts[0].why) + 16) + 32];
	size_t i, n = 0;
	bool ok;

	bridge_readiness(b, &r);
	for (i = 0; i < r.count; i++)
		if (!r.parts[i].ok)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
					      "%.13s: %s\n", r.parts[i].name,
					      r.parts[i].why);
	ok = n == 0;
	if (ok)
		n = (size_t)snprintf(text, sizeof(text), "ok\n");
	if (b->group)
		snprintf(text + n, sizeof(text) - n, "role: %s\n",
			 ztp_role_name(b->group->role));
	return http_plain_page(ok ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
			       strdup(text));
}

struct http_page http_metrics(struct bridge *b)
{
	struct http_page page;
	struct readiness r;

	bridge_readiness(b, &r);
	page = http_plain_page(MHD_HTTP_OK, metrics_text(b, &r));
	page.type = ZTP_MEDIA_TEXT "; version=0.0.4; charset=utf-8";
	return page;
}
