#include "base/log_flow.h"

#include <stddef.h>

static struct log_flow_event *find(struct log_flow *flow, const char *event)
{
	int i;

	for (i = 0; i < LOG_FLOW_EVENTS; i++) {
		struct log_flow_event *one = &flow->events[i];
		const char *none = NULL;

		if (atomic_load(&one->event) == event ||
		    atomic_compare_exchange_strong(&one->event, &none, event) ||
		    none == event)
			return one;
	}
	return NULL;
}

bool log_flow_take(struct log_flow *flow, const char *event, int64_t now_ms,
		   uint64_t *left_out)
{
	struct log_flow_event *one = find(flow, event);
	int64_t until, next;

	*left_out = 0;
	if (!one)
		return true;
	until = atomic_load(&one->paid_until);
	do {
		next = (until < now_ms ? now_ms : until) + LOG_FLOW_PERIOD_MS;
		if (next - now_ms > LOG_FLOW_AT_ONCE * LOG_FLOW_PERIOD_MS) {
			atomic_fetch_add(&one->left_out, 1);
			return false;
		}
	} while (!atomic_compare_exchange_weak(&one->paid_until, &until, next));
	*left_out = atomic_exchange(&one->left_out, 0);
	return true;
}
