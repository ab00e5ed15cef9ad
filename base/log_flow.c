#include "base/log_flow.h"

#define SECOND_US INT64_C(1000000)

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

/* --- bytes */

static bool has_room(const _Atomic int64_t *paid_until, int64_t at_once,
		     int64_t rate, int64_t now_ms)
{
	return atomic_load(paid_until) - now_ms * 1000 <
	       at_once * SECOND_US / rate;
}

static void charge(_Atomic int64_t *paid_until, size_t bytes, int64_t rate,
		   int64_t now_ms)
{
	int64_t until = atomic_load(paid_until), now = now_ms * 1000, next;

	do
		next = (until < now ? now : until) +
		       ((int64_t)bytes * SECOND_US + rate - 1) / rate;
	while (!atomic_compare_exchange_weak(paid_until, &until, next));
}

static bool is_quiet(const struct log_flow_event *one, int64_t now_ms)
{
	int64_t last = atomic_load(&one->last);

	return last == 0 || now_ms - last >= LOG_FLOW_QUIET_MS;
}

static bool bytes_left(const struct log_flow *flow,
		       const struct log_flow_event *one, int64_t now_ms)
{
	if (one && is_quiet(one, now_ms))
		return true;
	return has_room(&flow->bytes_paid_until, LOG_FLOW_BYTES, LOG_FLOW_RATE,
			now_ms) &&
	       (!one || has_room(&one->bytes_paid_until, LOG_FLOW_EVENT_BYTES,
				 LOG_FLOW_EVENT_RATE, now_ms));
}

void log_flow_charge(struct log_flow *flow, const char *event, size_t bytes,
		     int64_t now_ms)
{
	struct log_flow_event *one = find(flow, event);

	charge(&flow->bytes_paid_until, bytes, LOG_FLOW_RATE, now_ms);
	if (!one)
		return;
	charge(&one->bytes_paid_until, bytes, LOG_FLOW_EVENT_RATE, now_ms);
	atomic_store(&one->last, now_ms);
}

/* --- lines */

static bool take_line(struct log_flow_event *one, int64_t now_ms)
{
	int64_t until = atomic_load(&one->paid_until), next;

	do {
		next = (until < now_ms ? now_ms : until) + LOG_FLOW_PERIOD_MS;
		if (next - now_ms > LOG_FLOW_AT_ONCE * LOG_FLOW_PERIOD_MS)
			return false;
	} while (!atomic_compare_exchange_weak(&one->paid_until, &until, next));
	return true;
}

bool log_flow_take(struct log_flow *flow, const char *event, int64_t now_ms,
		   uint64_t *left_out)
{
	struct log_flow_event *one = find(flow, event);
	bool taken = bytes_left(flow, one, now_ms) &&
		     (!one || take_line(one, now_ms));

	*left_out = 0;
	if (one && taken)
		*left_out = atomic_exchange(&one->left_out, 0);
	else if (one)
		atomic_fetch_add(&one->left_out, 1);
	return taken;
}
