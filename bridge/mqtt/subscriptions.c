#include "bridge/mqtt/subscriptions.h"

#include <mosquitto.h>
#include <string.h>

#include "base/random.h"

#define NO_WILDCARDS 0xa2 /* MQTT 5 section 3.9.3 */

static const struct ztp_retry_pace pace = {.first_ms = 2000, .max_ms = 30000};

void subscriptions_reset(struct subscriptions *s, bool no_wildcards)
{
	memset(s->states, 0, sizeof(s->states));
	s->no_wildcards = no_wildcards;
}

static size_t find_or_add(struct subscriptions *s, const char *filter)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (strcmp(s->filters[i].filter, filter) == 0)
			return i;
	if (i < SUBSCRIPTIONS_MAX)
		s->filters[s->count++] =
			(struct granted_filter){.filter = filter, .said = -1};
	return i;
}

static bool on_code(struct subscriptions *s, size_t i, int code,
		    const struct granted *granted, const struct core *core)
{
	struct subscription *state = &s->states[i];
	bool again = state->retry.tries > 0;
	uint32_t random;

	state->sent_at = 0;
	if (granted_suback(granted, core, &s->filters[i], code)) {
		ztp_retry_succeeded(&state->retry);
		return again;
	}
	ztp_random(&random, sizeof(random));
	ztp_retry_failed(&state->retry, &pace, core->now, random);
	return false;
}

static int ask(struct subscriptions *s, size_t i, struct mosquitto *mosq,
	       const struct core *core)
{
	int rc = mosquitto_subscribe(mosq, &s->states[i].mid,
				     s->filters[i].filter, s->filters[i].qos);

	if (rc == MOSQ_ERR_SUCCESS)
		s->states[i].sent_at = core->now;
	return rc;
}

int subscriptions_add(struct subscriptions *s, struct mosquitto *mosq,
		      const char *filter, int qos, enum granted_need need,
		      const struct granted *granted, const struct core *core)
{
	size_t i = find_or_add(s, filter);

	if (i == SUBSCRIPTIONS_MAX)
		return MOSQ_ERR_INVAL;
	s->filters[i].qos = qos;
	s->filters[i].need = need;
	if (!s->no_wildcards || !strpbrk(filter, "+#"))
		return ask(s, i, mosq, core);
	(void)on_code(s, i, NO_WILDCARDS, granted, core);
	s->states[i].retry.at = 0; /* as long as this connection lasts */
	return MOSQ_ERR_SUCCESS;
}

bool subscriptions_suback(struct subscriptions *s, int mid, int code,
			  const struct granted *granted,
			  const struct core *core)
{
	bool late = false;
	size_t i;

	for (i = 0; i < s->count; i++)
		if (s->states[i].sent_at != 0 && s->states[i].mid == mid)
			late |= on_code(s, i, code, granted, core);
	return late;
}

void subscriptions_turn(struct subscriptions *s, struct mosquitto *mosq,
			const struct core *core)
{
	size_t i;

	for (i = 0; i < s->count; i++) {
		if (s->states[i].retry.at == 0 || s->states[i].sent_at != 0 ||
		    !ztp_retry_due(&s->states[i].retry, core->now))
			continue;
		(void)ask(s, i, mosq, core); /* else in the next turn */
	}
}

int64_t subscriptions_since(const struct subscriptions *s)
{
	int64_t since = 0;
	size_t i;

	for (i = 0; i < s->count; i++)
		if (s->states[i].sent_at != 0 &&
		    (since == 0 || s->states[i].sent_at < since))
			since = s->states[i].sent_at;
	return since;
}
