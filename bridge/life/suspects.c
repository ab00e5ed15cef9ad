#include "bridge/life/suspects.h"

#define DRAIN_MS 500  /* for the answers to what was sent before */
#define ALONE_MS 1000 /* for the answer to the suspect */
#define HALVINGS 2    /* of that, after silent ones */
#define RETRY_MS 100  /* none could be sent */

/* From a lost connection to the next suspect. The pause is much longer than it
 * takes to connect again, so that the others are served most of the time and
 * mqtt_out does not take this for a broker that ends every connection. It does
 * not grow much: many innocent ones may stand behind few that close the
 * connection. */
static const struct ztp_retry_pace pace = {.first_ms = 2500, .max_ms = 5000};

static int64_t alone_ms(const struct suspects *s)
{
	return ALONE_MS >> s->silences;
}

enum suspects_turn suspects_turn(struct suspects *s, int64_t now, int64_t next,
				 int in_flight)
{
	if (s->n != 0)
		return now - s->sent_at < alone_ms(s) ? SUSPECTS_WAIT
						      : SUSPECTS_NONE;
	if (next == 0 || next > now || now < s->not_before) {
		s->since = 0;
		return SUSPECTS_NONE;
	}
	if (s->since == 0)
		s->since = now;
	if (in_flight > 0 && now - s->since < DRAIN_MS)
		return SUSPECTS_WAIT;
	return SUSPECTS_SEND;
}

void suspects_sent(struct suspects *s, int64_t now, int64_t n)
{
	s->n = n;
	s->sent_at = now;
	if (n != 0)
		return;
	s->since = 0;
	s->not_before = now + RETRY_MS;
}

static void end_turn(struct suspects *s, int64_t now)
{
	int64_t waited = now - s->since;

	if (waited > DRAIN_MS + ALONE_MS)
		waited = DRAIN_MS + ALONE_MS;
	s->n = 0;
	s->since = 0;
	s->not_before = now + 2 * waited;
}

void suspects_answered(struct suspects *s, int64_t now)
{
	end_turn(s, now);
	ztp_retry_succeeded(&s->cost);
}

void suspects_look(struct suspects *s, int64_t now)
{
	if (now - s->sent_at < alone_ms(s) ||
	    s->silent_count == SUSPECTS_SILENT_MAX)
		return;
	s->silent[s->silent_count++] = s->n;
	if (s->silences < HALVINGS)
		s->silences++;
	end_turn(s, now);
}

void suspects_down(struct suspects *s, int64_t now, uint32_t random)
{
	if (s->n != 0 || s->silent_count > 0)
		ztp_retry_failed(&s->cost, &pace, now, random);
	s->n = 0;
	s->since = 0;
	s->silent_count = s->silences = 0;
}

void suspects_up(struct suspects *s, int64_t now)
{
	int64_t settled = now + pace.first_ms;

	s->not_before = now;
	if (s->cost.tries > 0)
		s->not_before = s->cost.at > settled ? s->cost.at : settled;
}

int64_t suspects_due(const struct suspects *s, int64_t next)
{
	if (s->n != 0)
		return s->sent_at + alone_ms(s);
	if (next == 0)
		return 0;
	if (s->since != 0)
		return s->since + DRAIN_MS;
	return next > s->not_before ? next : s->not_before;
}
