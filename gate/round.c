#include "gate/round.h"

#define INTERVAL_MIN (10 * 1000LL)
#define INTERVAL_MAX (5 * 60 * 1000LL)
/* Later than this after a round, acknowledgements do not put off the next
 * one. */
#define PUT_OFF_MAX (60 * 1000LL)

void ztp_round_now(struct ztp_round *round)
{
	round->interval_ms = INTERVAL_MIN;
	round->due_at = 0;
	round->running = false;
}

void ztp_round_soon(struct ztp_round *round, int64_t now_ms)
{
	round->interval_ms = INTERVAL_MIN;
	if (round->due_at > now_ms + INTERVAL_MIN)
		round->due_at = now_ms + INTERVAL_MIN;
}

void ztp_round_acked(struct ztp_round *round, int64_t now_ms)
{
	int64_t due_at = now_ms + INTERVAL_MIN;
	int64_t latest = round->ended_at + PUT_OFF_MAX;

	round->acked = true;
	if (due_at > latest)
		due_at = latest;
	if (round->due_at != 0 && round->due_at < due_at)
		round->due_at = due_at;
}

bool ztp_round_begin(struct ztp_round *round, int64_t now_ms)
{
	if (round->running || now_ms < round->due_at)
		return false;
	round->running = true;
	round->acked = false;
	round->cursor[0] = '\0';
	return true;
}

void ztp_round_end(struct ztp_round *round, int64_t now_ms)
{
	round->running = false;
	round->ended_at = now_ms;
	round->due_at = now_ms + round->interval_ms;
	if (round->acked)
		round->interval_ms = INTERVAL_MIN;
	else if (round->interval_ms < INTERVAL_MAX / 2)
		round->interval_ms *= 2;
	else
		round->interval_ms = INTERVAL_MAX;
}
