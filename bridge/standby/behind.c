#include "bridge/standby/behind.h"

#define ASKS	   3 /* in a session */
#define ASK_MAX_MS 2000
#define ASK_MIN_MS 500

int64_t behind_ask_ms(int64_t session_ms)
{
	int64_t ms = session_ms / ASKS;

	if (ms > ASK_MAX_MS)
		return ASK_MAX_MS;
	return ms < ASK_MIN_MS ? ASK_MIN_MS : ms;
}

static void reach(struct behind *b, int64_t at)
{
	if (at > b->reached_at)
		b->reached_at = at;
}

void behind_see(struct behind *b, int64_t asked_at, int64_t position,
		int64_t lag)
{
	if (b->noted_at != 0 && position >= b->end) {
		reach(b, b->noted_at);
		b->noted_at = 0;
	}
	if (lag == 0)
		reach(b, asked_at);
	if (b->noted_at == 0 && lag > 0) {
		b->noted_at = asked_at;
		b->end = position + lag;
	}
}

int64_t behind_ms(const struct behind *b, int64_t now)
{
	return b->reached_at != 0 ? now - b->reached_at : -1;
}
