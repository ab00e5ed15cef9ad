#include "bridge/standby/standby.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"

#define CHECK_MS 1000 /* between two checks of the membership */
#define READY_MS 100  /* between two looks whether it may join */
#define AGAIN_MS 5000 /* after it could not even be asked to join */

struct standby {
	struct core *core;
	struct member *member;
	struct standby_user user;
	struct positions positions;
	struct ztp_role role;
	int64_t check_at, ready_at;
	int64_t assigned_at; /* the partition, last; CLOCK_BOOTTIME */
	int64_t since;
	struct standby_counts counts;
	char why[256];	    /* it was to be active, and is not; or "" */
	int64_t kept_until; /* its place; as the log has it */
};

int standby_new(struct standby **out, struct core *core,
		const struct member_options *options,
		const struct standby_user *user, struct ztp_error *error)
{
	struct standby *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	s->core = core;
	s->user = *user;
	s->since = ztp_clock_wall();
	rc = member_new(&s->member, core, options, error);
	if (rc != 0) {
		standby_free(s);
		return rc;
	}
	*out = s;
	return 0;
}

void standby_free(struct standby *s)
{
	if (!s)
		return;
	member_free(s->member);
	free(s);
}

/* --- what a role asks for */

static void join(struct standby *s)
{
	struct ztp_error error = {0};
	int64_t newest = s->user.newest ? s->user.newest(s->user.arg) : 0;

	if (member_join(s->member, newest, &error) != 0)
		log_error(s->core->log, "group_not_joined", LOG_WHY(&error));
}

/* The active one asks now and then, and so does one that waits for a lease. */
static bool is_checked(const struct standby *s)
{
	return s->role.state == ZTP_ROLE_WAITING ||
	       ztp_role_serves(s->role.state);
}

/* One that has yet to read the state says nothing of it: what the group has
 * committed tells it whether there was more. */
static void check(struct standby *s)
{
	s->user.positions(s->user.arg, is_checked(s), &s->positions);
	member_check(s->member, &s->positions);
}

static void act(struct standby *s, enum ztp_role_action action)
{
	switch (action) {
	case ZTP_ROLE_LEAVE:
		member_leave(s->member);
		break;
	case ZTP_ROLE_JOIN:
		join(s);
		break;
	case ZTP_ROLE_CHECK:
		check(s);
		break;
	default:
		s->user.act(s->user.arg, action);
	}
}

static void act_all(struct standby *s, unsigned actions)
{
	for (unsigned bit = 1; bit <= ZTP_ROLE_DONE; bit <<= 1)
		if (actions & bit)
			act(s, (enum ztp_role_action)bit);
}

/* --- what is said of it */

static void say_active(struct standby *s)
{
	s->counts.takeovers++;
	s->counts.takeover_ms = ztp_clock_boot() - s->assigned_at;
	durations_add(&s->counts.took, s->counts.takeover_ms);
	log_info(s->core->log, "active",
		 LOG_STR("instance", s->core->config->standby.instance),
		 LOG_INT("took_ms", s->counts.takeover_ms));
}

static void say_fenced(struct standby *s, enum ztp_role_state before,
		       const char *why)
{
	s->counts.fenced++;
	log_warn(s->core->log, "fenced",
		 LOG_STR("while", ztp_role_state_name(before)),
		 LOG_STR("error", why));
}

/* Why its last turn was the last one has been told before. */
static void say_out(const struct standby *s, enum ztp_role_state before,
		    const char *why)
{
	int64_t pause = s->role.tries.at - ztp_clock_boot();

	log_info(s->core->log, "standing_by",
		 LOG_STR("before", ztp_role_state_name(before)),
		 LOG_STR("error", *why ? why : s->why),
		 LOG_INT("pause_ms", pause > 0 ? pause : 0));
}

/* Of one that was to be active, or was. */
static void remember(struct standby *s, enum ztp_role_state before,
		     const char *why)
{
	enum ztp_role_state now = s->role.state;

	if (now == ZTP_ROLE_ACTIVE)
		s->why[0] = '\0';
	else if (*why && (now == ZTP_ROLE_FENCED || now == ZTP_ROLE_YIELDING ||
			  (now == ZTP_ROLE_OUT && before != ZTP_ROLE_STANDBY)))
		snprintf(s->why, sizeof(s->why), "%s", why);
	if (strcmp(ztp_role_name(before), ztp_role_name(now)) != 0)
		s->since = ztp_clock_wall();
}

/* Every change but those between the steps of opening. */
static void say(struct standby *s, enum ztp_role_state before, const char *why)
{
	enum ztp_role_state now = s->role.state;

	remember(s, before, why);
	if (now == ZTP_ROLE_FENCED)
		say_fenced(s, before, why);
	else if (now == ZTP_ROLE_ACTIVE)
		say_active(s);
	else if (now == ZTP_ROLE_STANDBY)
		log_info(s->core->log, "standing_by",
			 LOG_STR("before", ztp_role_state_name(before)),
			 LOG_STR("error", why));
	else if (now == ZTP_ROLE_OUT && before != ZTP_ROLE_OUT)
		say_out(s, before, why);
}

/* --- events */

static void change(struct standby *s, enum ztp_role_event event, bool left,
		   const char *why)
{
	struct ztp_role_facts facts = {
		.now = ztp_clock_boot(),
		.left = left,
		.ready = s->role.state == ZTP_ROLE_OUT &&
			 s->user.ready(s->user.arg),
	};
	enum ztp_role_state before = s->role.state;
	unsigned actions;

	ztp_random(&facts.random, sizeof(facts.random));
	actions = ztp_role_on(&s->role, event, &facts);
	if (s->role.state != before)
		say(s, before, why);
	act_all(s, actions);
}

/* Once for each time. */
static void say_kept(struct standby *s, int64_t until, int64_t now,
		     const char *why)
{
	if (until == s->kept_until)
		return;
	s->kept_until = until;
	log_warn(s->core->log, "place_kept", LOG_STR("error", why),
		 LOG_INT("pause_ms", until - now),
		 LOG_STR("hint", "it has given way not long ago"));
}

void standby_tell(struct standby *s, enum ztp_role_event event, bool left,
		  const char *why)
{
	int64_t now = ztp_clock_boot();
	int64_t until = ztp_role_keeps_until(&s->role, event, now);

	if (until != 0)
		say_kept(s, until, now, why);
	change(s, event, left, why);
}

static void on_news(struct standby *s, enum member_news news)
{
	switch (news) {
	case MEMBER_ASSIGNED:
		s->assigned_at = ztp_clock_boot();
		s->check_at = s->assigned_at + CHECK_MS;
		change(s, ZTP_ROLE_ON_ASSIGNED, false, "");
		break;
	case MEMBER_UNASSIGNED:
		s->why[0] = '\0'; /* another one is to be active */
		change(s, ZTP_ROLE_ON_UNASSIGNED, false, "");
		break;
	case MEMBER_CHECKED:
		change(s, ZTP_ROLE_ON_MEMBER, false, "");
		break;
	case MEMBER_LOST:
		change(s, ZTP_ROLE_ON_LOST, false, member_why_lost(s->member));
		break;
	case MEMBER_NOTHING:
		break;
	}
}

void standby_turn(struct standby *s)
{
	int64_t now = ztp_clock_boot();
	enum member_news news;

	while ((news = member_collect(s->member)) != MEMBER_NOTHING)
		on_news(s, news);
	if (is_checked(s) && now >= s->check_at) {
		s->check_at = now + CHECK_MS;
		act(s, ZTP_ROLE_CHECK);
	}
	if (s->role.state != ZTP_ROLE_OUT || now >= s->ready_at) {
		s->ready_at = now + READY_MS;
		change(s, ZTP_ROLE_ON_TICK, false, "");
	}
	if (s->role.state == ZTP_ROLE_STANDBY && !member_joined(s->member)) {
		s->ready_at = now + AGAIN_MS;
		change(s, ZTP_ROLE_ON_LOST, false, member_trouble(s->member));
	}
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a != 0 && (b == 0 || a < b) ? a : b;
}

int64_t standby_next(const struct standby *s)
{
	int64_t next = member_next(s->member);

	if (is_checked(s))
		next = sooner(s->check_at, next);
	if (s->role.state == ZTP_ROLE_OUT)
		return sooner(s->ready_at, next);
	return sooner(ztp_role_next(&s->role), next);
}

/* --- for others */

enum ztp_role_state standby_state(const struct standby *s)
{
	return s->role.state;
}

int64_t standby_since(const struct standby *s)
{
	return s->since;
}

const struct standby_counts *standby_counts(const struct standby *s)
{
	return &s->counts;
}

const char *standby_trouble(const struct standby *s)
{
	return member_trouble(s->member);
}

const char *standby_why(const struct standby *s)
{
	return s->why;
}

const struct member_denial *standby_denial(const struct standby *s)
{
	return member_denial(s->member);
}
