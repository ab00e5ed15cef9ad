#include "bridge/mqtt/reconnect.h"

#include "base/random.h"

#define SOON_MS	   2000
#define SOON_TIMES 3

/* paho then takes up to 1 s for its connection. */
static const struct ztp_retry_pace away = {.first_ms = 250, .max_ms = 500};
static const struct ztp_retry_pace refuses = {.first_ms = 250, .max_ms = 30000};
/* 30 s after its jitter. */
static const struct ztp_retry_pace taken = {.first_ms = 40000, .max_ms = 40000};

static void wait_for(struct reconnect *r, const struct ztp_retry_pace *pace,
		     int64_t now)
{
	uint32_t random;

	ztp_random(&random, sizeof(random));
	ztp_retry_failed(&r->retry, pace, now, random);
	r->pause = r->retry.at - now;
	r->up_at = 0;
}

/* A broker that was away for long is not suspected of refusing for long. */
static void count_apart(struct reconnect *r, bool refused)
{
	if (r->refused != refused)
		ztp_retry_succeeded(&r->retry);
	r->refused = refused;
}

void reconnect_plan(struct reconnect *r, int64_t at)
{
	*r = (struct reconnect){.retry.at = at};
}

void reconnect_hurry(struct reconnect *r, int64_t now)
{
	if (r->taken_over)
		return;
	ztp_retry_succeeded(&r->retry);
	r->retry.at = now;
}

void reconnect_up(struct reconnect *r, int64_t now)
{
	r->up_at = now;
	r->taken_over = false;
	r->served = false;
}

void reconnect_served(struct reconnect *r)
{
	r->served = true;
}

int64_t reconnect_left_until(const struct reconnect *r, int64_t now)
{
	return r->taken_over && r->left_until > now ? r->left_until : 0;
}

void reconnect_leave(struct reconnect *r, int64_t until)
{
	r->taken_over = true;
	r->left_until = r->retry.at = until;
}

void reconnect_away(struct reconnect *r, int64_t now)
{
	r->soon_lost = 0;
	r->taken_over = false;
	count_apart(r, false);
	wait_for(r, &away, now);
}

void reconnect_refused(struct reconnect *r, int64_t now)
{
	r->soon_lost = 0;
	r->taken_over = false;
	count_apart(r, true);
	wait_for(r, &refuses, now);
}

bool reconnect_lost(struct reconnect *r, int64_t now, bool told, bool busy)
{
	int64_t lasted = now - r->up_at;
	bool soon = lasted < SOON_MS;

	if (!soon)
		r->soon_lost = 0;
	else if (!busy)
		r->soon_lost++;
	r->taken_over = told || (soon && r->soon_lost >= SOON_TIMES);
	if (r->taken_over) {
		wait_for(r, &taken, now);
		r->left_until = r->retry.at;
	} else if (r->served || (!soon && lasted > r->pause)) {
		r->refused = false;
		ztp_retry_succeeded(&r->retry);
		wait_for(r, &away, now);
	} else { /* one that does not last does not shorten the pause */
		count_apart(r, true);
		wait_for(r, &refuses, now);
	}
	return r->taken_over;
}
