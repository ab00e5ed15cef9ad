#include "tests/bench/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINGER_US 300000 /* wait for duplicates after the last item */

struct tally {
	const struct part *part;
	uint32_t *late; /* us, for each item; 0: not arrived */
	int64_t received, duplicates, foreign;
	int64_t last; /* arrival of the last new item */
	char mark[32 + PART_PREFIX_MAX];
	size_t mark_len;
};

struct tally *tally_new(const struct part *part)
{
	struct tally *tally = calloc(1, sizeof(*tally));

	if (!tally)
		part_die("out of memory");
	tally->part = part;
	tally->late = calloc((size_t)part->count, sizeof(*tally->late));
	if (!tally->late)
		part_die("out of memory");
	tally->mark_len =
		(size_t)snprintf(tally->mark, sizeof(tally->mark),
				 "\"request_id\":\"%s-", part->prefix);
	return tally;
}

void tally_free(struct tally *tally)
{
	if (!tally)
		return;
	free(tally->late);
	free(tally);
}

static int64_t index_of(const struct tally *tally, const char *p, size_t len)
{
	const char *end = p + len;
	const char *at = memmem(p, len, tally->mark, tally->mark_len);
	int64_t n = 0;

	if (!at)
		return -1;
	for (at += tally->mark_len; at < end && *at >= '0' && *at <= '9'; at++)
		n = n * 10 + (*at - '0');
	n -= tally->part->first;
	return n < tally->part->count ? n : -1;
}

void tally_add(struct tally *tally, const void *bytes, size_t len, int64_t now)
{
	int64_t i = index_of(tally, bytes, len);
	int64_t late;

	if (i < 0) {
		tally->foreign++;
		return;
	}
	if (tally->late[i]) {
		tally->duplicates++;
		return;
	}
	late = now - part_due(tally->part, i);
	tally->late[i] = late < 1		      ? 1
			 : late > (int64_t)UINT32_MAX ? UINT32_MAX
						      : (uint32_t)late;
	tally->received++;
	tally->last = now;
}

int64_t tally_received(const struct tally *tally)
{
	return tally->received;
}

static bool is_quiet(const struct tally *tally)
{
	const struct part *part = tally->part;
	int64_t since = part_due(part, part->count - 1);

	if (tally->last > since)
		since = tally->last;
	return part->quiet > 0 && part_now() > since + part->quiet * 1000LL;
}

bool tally_complete(const struct tally *tally)
{
	if (tally->received < tally->part->count)
		return is_quiet(tally);
	return part_now() > tally->last + LINGER_US;
}

static int by_size(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Over the items that have arrived; lost ones are reported separately. */
static uint32_t quantile(const struct tally *tally, int per_10000)
{
	size_t lost = (size_t)(tally->part->count - tally->received);
	size_t n = (size_t)tally->received;
	size_t rank = n * (size_t)per_10000 / 10000;

	if (n == 0)
		return 0;
	return tally->late[lost + (rank < n ? rank : n - 1)];
}

void tally_report(struct tally *tally)
{
	const struct part *part = tally->part;
	int64_t drain = tally->last - part_due(part, part->count - 1);

	qsort(tally->late, (size_t)part->count, sizeof(*tally->late), by_size);
	printf("{\"expected\":%lld,\"received\":%lld,\"duplicates\":%lld,"
	       "\"foreign\":%lld,\"p50_us\":%u,\"p90_us\":%u,\"p99_us\":%u,"
	       "\"p999_us\":%u,\"max_us\":%u,\"drain_us\":%lld}\n",
	       (long long)part->count, (long long)tally->received,
	       (long long)tally->duplicates, (long long)tally->foreign,
	       quantile(tally, 5000), quantile(tally, 9000),
	       quantile(tally, 9900), quantile(tally, 9990),
	       quantile(tally, 10000), (long long)drain);
	fflush(stdout);
}
