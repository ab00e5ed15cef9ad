#include "bridge/standby/behind.h"

static void reach(struct behind *b, int64_t at)
{
	if (at > b->reached_at)
		b->reached_at = at;
}

void behind_see(struct behind *b, int64_t heard_at, int64_t position,
		int64_t lag)
{
	if (b->noted_at != 0 && position >= b->end) {
		reach(b, b->noted_at);
		b->noted_at = 0;
	}
	if (lag == 0)
		reach(b, heard_at);
	if (b->noted_at == 0 && lag > 0) {
		b->noted_at = heard_at;
		b->end = position + lag;
	}
}

int64_t behind_ms(const struct behind *b, int64_t now)
{
	return b->reached_at != 0 ? now - b->reached_at : -1;
}
