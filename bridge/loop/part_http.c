/* The HTTP pages as a part of the loop. */
#include "bridge/http/http.h"
#include "bridge/loop/loop_internal.h"

STEP(http, run)
FREE(http)

static bool has_http(const struct loop *l)
{
	return l->b.http != NULL;
}

static int http_part_new(struct loop *l, struct ztp_error *error)
{
	struct bridge *b = &l->b;

	/* One of several has it whether it is active or not. */
	if (!*b->core.config->http.listen || (l->group && l->group->home))
		return 0;
	return http_new(&b->http, b, error);
}

static int64_t http_part_next(const struct loop *l, int64_t now)
{
	int64_t wait = http_timeout_ms(l->b.http);

	return wait >= 0 ? now + wait : 0;
}

const struct part http_part = {
	.name = "http",
	.present = has_http,
	.new = http_part_new,
	.collect = http_part_run,
	.next = http_part_next,
	.free = http_part_free,
};
