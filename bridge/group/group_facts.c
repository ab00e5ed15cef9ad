#include "bridge/group/group_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/standby/claim.h"
#include "bridge/store/store_state.h"

static void say(char text[GROUP_STATUS_WHY_MAX], const char *why)
{
	snprintf(text, GROUP_STATUS_WHY_MAX, "%s", why);
}

/* --- who is what */

/* What the row `active` says, unless that bridge has left. */
struct active_row {
	char instance[ZTP_INSTANCE_MAX + 1]; /* "": nothing */
	int64_t at; /* when it was written, by that bridge's clock */
	bool alike; /* see claim.h */
};

static void read_active(struct store *store, const struct core *core,
			struct active_row *active)
{
	struct state_bytes bytes = {0};
	struct state_row row;
	struct ztp_error error;
	struct ztp_str name;

	*active = (struct active_row){.alike = true};
	if (store &&
	    store_state_get(store, STATE_ACTIVE, "", &row, &bytes, &error) ==
		    1 &&
	    row.cells[STATE_ACTIVE_LEFT].number == 0) {
		name = row.cells[STATE_ACTIVE_INSTANCE].bytes;
		snprintf(active->instance, sizeof(active->instance), "%.*s",
			 (int)name.n, name.p);
		active->at = row.cells[STATE_ACTIVE_AT].number;
		active->alike = claim_is_alike(
			&row.cells[STATE_ACTIVE_EPOCH].bytes, core);
	}
	free(bytes.p);
}

/* Kafka says who is to be active; that it is, it has written itself, since it
 * joined. Both times are its own. */
static const char *role_of(const struct group_view_member *m,
			   const struct active_row *active)
{
	if (!m->assigned)
		return ztp_role_name(ZTP_ROLE_STANDBY);
	return ztp_role_name(
		active->at >= m->named.joined_at &&
				strcmp(m->named.instance, active->instance) == 0
			? ZTP_ROLE_ACTIVE
			: ZTP_ROLE_READING);
}

/* Of itself a bridge knows more than Kafka has said. */
static bool is_self(const struct group_view_member *m, const struct core *core,
		    const struct group_status *status, bool twice)
{
	bool next = strcmp(ztp_role_name(status->role),
			   ztp_role_name(ZTP_ROLE_STANDBY)) != 0;

	return strcmp(m->named.instance, core->config->standby.instance) == 0 &&
	       (!twice || m->assigned == next);
}

static void take_members(const struct group_facts *f, const struct core *core,
			 const struct active_row *active,
			 struct group_status *status)
{
	size_t count = group_view_count(f->view);
	bool twice =
		group_view_twice(count ? group_view_member(f->view, 0) : NULL,
				 count) != NULL;

	snprintf(status->twice, sizeof(status->twice), "%s",
		 group_view_said_twice(f->view));
	status->count =
		count < GROUP_STATUS_MEMBERS ? count : GROUP_STATUS_MEMBERS;
	for (size_t i = 0; i < status->count; i++) {
		const struct group_view_member *m =
			group_view_member(f->view, i);

		status->members[i].named = m->named;
		status->members[i].role = is_self(m, core, status, twice)
						  ? ztp_role_name(status->role)
						  : role_of(m, active);
	}
}

/* --- what is the matter */

static void say_kafka(const struct group_facts *f, int64_t now, int64_t limit,
		      char why[GROUP_STATUS_WHY_MAX])
{
	int64_t heard = group_view_heard(f->view);
	const char *trouble = group_view_trouble(f->view);

	if (heard != 0 && now - heard <= limit)
		say(why, standby_trouble(f->standby));
	else
		say(why, *trouble ? trouble : "no answer");
}

static void say_reach(const struct group_facts *f, struct group_status *status)
{
	bool in_reach = group_join_in_reach(f->join);
	const char *problem = group_join_problem(f->join);

	status->has_kafka = status->has_copy = true;
	say(status->mqtt, in_reach ? "" : problem ? problem : "not connected");
	say(status->store, in_reach && problem ? problem : "");
}

static void say_standby(const struct group_facts *f, int64_t now, int64_t limit,
			char why[GROUP_STATUS_WHY_MAX])
{
	int64_t behind = behind_ms(&f->behind, now);

	if (behind < 0)
		say(why, "the copy of the state is being read");
	else if (behind > limit)
		snprintf(why, GROUP_STATUS_WHY_MAX,
			 "the copy of the state is %lld s behind",
			 (long long)behind / 1000);
	else
		say(why, "");
}

static void say_group(const struct group_facts *f, enum ztp_role_state role,
		      int64_t now, int64_t limit,
		      char why[GROUP_STATUS_WHY_MAX])
{
	const char *trouble = opening_trouble(f->opening);
	const struct member_denial *denial = standby_denial(f->standby);
	const char *before =
		denial->since != 0 ? denial->right : standby_why(f->standby);
	const char *colon = *before ? ": " : "";

	if (*trouble)
		say(why, trouble);
	else if (role == ZTP_ROLE_STANDBY || role == ZTP_ROLE_OUT)
		say_standby(f, now, limit, why);
	else if (role == ZTP_ROLE_ACTIVE)
		say(why, "opening: connections");
	else
		snprintf(why, GROUP_STATUS_WHY_MAX, "%s: %s%s%s",
			 ztp_role_name(role), ztp_role_state_name(role), colon,
			 before);
	if (role == ZTP_ROLE_OUT && !*why)
		snprintf(why, GROUP_STATUS_WHY_MAX,
			 "not a member of the group yet%s%s", colon, before);
}

/* --- */

static void see_behind(struct group_facts *f)
{
	struct opening_end known = opening_known_end(f->opening);
	int64_t position = copy_position(f->copy);
	int64_t lag = known.end > position ? known.end - position : 0;

	behind_see(&f->behind, known.asked_at, position,
		   known.asked_at != 0 ? lag : -1);
}

/* Where the end was told to be long ago, there may be more by now. */
static int64_t lag_of(const struct group_facts *f, int64_t now, int64_t limit)
{
	int64_t lag = copy_lag(f->copy);

	return lag == 0 && behind_ms(&f->behind, now) > limit ? -1 : lag;
}

/* The active one writes what others read; its readiness is that of its parts. */
static void take_copy(struct group_facts *f, int64_t now, int64_t limit,
		      bool serving, struct group_status *status)
{
	see_behind(f);
	status->lag = serving ? 0 : lag_of(f, now, limit);
	status->listed = copy_listed(f->copy);
	if (*group_view_other(f->view))
		say(status->group, group_view_other(f->view));
	else if (serving)
		say(status->group, standby_denial(f->standby)->right);
	else
		say_group(f, status->role, now, limit, status->group);
	if (!*status->group)
		say(status->group, group_view_settings(f->view));
}

/* Of one that stands by: what the broker has for the active one would not be its. */
static void say_unlike(struct group_facts *f, const struct core *core,
		       const struct active_row *active,
		       char why[GROUP_STATUS_WHY_MAX])
{
	bool unlike =
		!active->alike &&
		strcmp(active->instance, core->config->standby.instance) != 0;

	if (unlike)
		snprintf(why, GROUP_STATUS_WHY_MAX,
			 "%s is active with another mqtt.client_id or "
			 "kafka.topics.decisions than this bridge",
			 active->instance);
	if (unlike && !f->said_unlike)
		log_error(core->log, "group_differs", LOG_STR("error", why));
	f->said_unlike = unlike;
}

void group_facts_take(struct group_facts *f, const struct core *core,
		      struct group_status *status, bool serving)
{
	const struct standby_counts *counts = standby_counts(f->standby);
	int64_t now = ztp_clock_boot();
	int64_t limit = core->config->standby.session_timeout_ms;
	struct active_row active;

	status->role = standby_state(f->standby);
	status->since = standby_since(f->standby);
	status->fenced = counts->fenced;
	status->takeovers = counts->took;
	read_active(copy_store(f->copy), core, &active);
	take_members(f, core, &active, status);
	take_copy(f, now, limit, serving, status);
	if (!serving && !*status->group)
		say_unlike(f, core, &active, status->group);
	say_kafka(f, now, limit, status->kafka);
	say_reach(f, status);
}
