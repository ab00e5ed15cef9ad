/*
 * Reading the state into the copy, while a bridge stands by and becomes active.
 *
 * A right that is taken away is told once, and librdkafka says nothing when it may
 * read again where there is nothing to read: it has told that end before. So the same
 * position is asked for, whose answer tells the end, or the refusal, anew.
 */
#include <stdio.h>

#include "bridge/standby/behind.h"
#include "bridge/standby/opening_internal.h"
#include "bridge/store/store_state.h"

#define ROWS	   1000	 /* in a turn of the loop */
#define FAILURE_MS 30000 /* between two lines in the log */

bool opening_is_of_the_state(int rc)
{
	return rc == ZTP_ERR_STATE_LOST || rc == ZTP_ERR_STATE_NEWER;
}

/* A state that is wrong stays so until a person has changed it. */
bool opening_be_bad(struct opening *o, int rc, struct opening_news *news)
{
	o->bad = true;
	news->event = ZTP_ROLE_ON_BAD_STATE;
	snprintf(o->trouble, sizeof(o->trouble), "%s: %.230s",
		 ztp_err_name((enum ztp_err)rc), news->why.message);
	log_error(o->core->log, ztp_err_name((enum ztp_err)rc),
		  LOG_WHY(&news->why));
	return true;
}

/* What it has gets older unseen, so that it does not join with it. */
static void be_denied(struct opening *o, const struct ztp_error *why)
{
	o->refused = true;
	o->read = false;
	if (o->denied_since == 0)
		o->denied_since = ztp_clock_boot();
	snprintf(o->trouble, sizeof(o->trouble), "%s", why->message);
}

static void be_allowed(struct opening *o)
{
	if (o->denied_since != 0)
		o->trouble[0] = '\0';
	o->denied_since = 0;
}

/* Kafka may be away for a while, and so may the disk. */
bool opening_say_bad(struct opening *o, int rc, struct opening_news *news)
{
	uint64_t suppressed;

	if (opening_is_of_the_state(rc))
		return opening_be_bad(o, rc, news);
	if (rc == ZTP_ERR_REFUSED)
		be_denied(o, &news->why);
	o->again_at = ztp_clock_boot() + OPENING_AGAIN_MS;
	if (log_every(&o->failures, FAILURE_MS, ztp_clock_boot(), &suppressed))
		log_warn(o->core->log, "copy_not_read", LOG_WHY(&news->why),
			 LOG_UINT("suppressed", suppressed));
	return false;
}

/* That nothing comes does not say that there is nothing: the broker that leads the
 * topic may be out of reach, and the group, which has another one, be well. */
static void learn_end(struct opening *o)
{
	int64_t now = ztp_clock_boot(), end;
	struct ztp_error error = {0};

	if (o->step != NONE || now < o->ask_at)
		return;
	if (copy_end(o->copy, OPENING_ASK_MS, &end, &error) == 0)
		o->known = (struct opening_end){.asked_at = now, .end = end};
	o->ask_at = ztp_clock_boot() +
		    behind_ask_ms(o->core->config->standby.session_timeout_ms);
}

struct opening_end opening_known_end(const struct opening *o)
{
	return o->known;
}

/* Returns true for news. */
bool opening_follow(struct opening *o, struct opening_news *news)
{
	int rc = 0;

	if (o->bad || ztp_clock_boot() < o->again_at)
		return false;
	if (!o->begun)
		rc = copy_begin(o->copy, OPENING_ASK_MS, &news->why);
	else if (o->refused)
		rc = copy_read_on(o->copy, &news->why);
	o->refused = false;
	if (rc == 0) {
		o->begun = true;
		rc = copy_step(o->copy, ROWS, 0, &news->why);
	}
	if (rc < 0)
		return opening_say_bad(o, rc, news);
	if (rc > 0 || copy_at_end(o->copy))
		be_allowed(o);
	/* One that has been thrown away is read again before it may join. */
	o->read = copy_at_end(o->copy) || (o->read && !copy_is_empty(o->copy));
	learn_end(o);
	return false;
}

/* What the store has not kept is read; nothing is of a state that is bad. */
void opening_read_from_here(struct opening *o)
{
	struct ztp_error error = {0};

	if (copy_store(o->copy))
		store_rollback(copy_store(o->copy));
	if (o->begun && !o->bad && copy_read_on(o->copy, &error) != 0)
		o->begun = o->read = false;
}
