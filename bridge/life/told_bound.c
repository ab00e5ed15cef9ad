#include "bridge/life/told_bound.h"

#include <stdio.h>
#include <stdlib.h>

#include "bridge/life/pending_facts.h"

#define NAME "max_requests" /* in the store: of the last start */

int told_bound_look(struct bridge *b, struct ztp_error *error)
{
	char text[24];
	int rc = store_get(b->store, NAME, text, sizeof(text), error);

	b->told_max = rc == 1 ? strtoll(text, NULL, 10) : 0;
	b->told_max_unnoted = b->told_max != b->core.config->store.max_requests;
	return rc < 0 ? rc : 0;
}

int64_t told_bound(const struct bridge *b)
{
	int64_t max = b->core.config->store.max_requests;

	return b->told_max > max && pending_facts_replayed(b) ? b->told_max
							      : max;
}

int told_bound_apply(struct bridge *b, struct ztp_error *error)
{
	char text[24];

	if (!b->told_max_unnoted || journal_before(&b->mark, &b->told))
		return 0;
	snprintf(text, sizeof(text), "%lld",
		 (long long)b->core.config->store.max_requests);
	return store_set(b->store, NAME, text, error);
}

void told_bound_settle(struct bridge *b)
{
	if (!b->told_max_unnoted || journal_before(&b->mark, &b->told))
		return;
	b->told_max_unnoted = false;
	b->told_max = 0;
}
