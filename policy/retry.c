#include "ztp/retry.h"

#include <limits.h>

/* Of the n-th pause in a sequence that starts at delay and ends at cap. */
static int64_t doubled(int64_t delay, int64_t cap, int n)
{
	for (; n > 1 && delay < cap; n--)
		delay *= 2;
	return delay < cap ? delay : cap;
}

int64_t ztp_retry_pause(const struct ztp_retry_pace *pace, int tries,
			uint32_t random)
{
	int early = pace->early_tries;
	int64_t pause;

	if (early == 0)
		pause = doubled(pace->first_ms, pace->max_ms, tries);
	else if (tries <= early)
		pause = doubled(pace->first_ms, pace->early_max_ms, tries);
	else
		pause = doubled(pace->early_max_ms, pace->max_ms,
				tries - early + 1);
	return pause - pause / 4 + (int64_t)(random % (pause / 2 + 1));
}

void ztp_retry_failed(struct ztp_retry *retry,
		      const struct ztp_retry_pace *pace, int64_t now,
		      uint32_t random)
{
	if (retry->tries < INT_MAX)
		retry->tries++;
	retry->at = now + ztp_retry_pause(pace, retry->tries, random);
}

void ztp_retry_succeeded(struct ztp_retry *retry)
{
	*retry = (struct ztp_retry){0};
}

bool ztp_retry_due(const struct ztp_retry *retry, int64_t now)
{
	return now >= retry->at;
}
