#include "bridge/group/group_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/core/history.h"
#include "bridge/core/verdicts.h"
#include "bridge/group/group_facts.h"
#include "bridge/http/http.h"
#include "bridge/http/http_aside.h"
#include "bridge/http/http_plain.h"
#include "bridge/standby/standby.h"

#define FACTS_MS 200 /* between two looks */

struct group_http {
	const struct core *core;
	struct notify *notify;
	struct bridge home;
	struct bridge *active; /* NULL: home is shown */
	struct group_status status;
	struct group_facts facts;
	bool shown; /* there are facts */
	int64_t facts_at;
	struct http *http;
	struct http_aside *aside;
	bool away;
	int64_t away_at;
};

/* --- from start to end */

/* So that the service manager does not take a long step for a hanging one. */
static void pulse(void *arg)
{
	struct group_http *p = arg;
	int64_t now = ztp_clock_boot();

	if (now - p->away_at < HTTP_AWAY_MAX_MS)
		notify_turned(p->notify, ztp_clock_steady(&p->home.core.clock));
}

static int open_http(struct group_http *p, struct ztp_error *error)
{
	bool serves = *p->core->config->http.listen != '\0';
	int rc = serves ? http_new(&p->http, &p->home, error) : 0;

	if (!serves && p->notify->watchdog_ms <= 0)
		return 0;
	return rc == 0 ? http_aside_new(&p->aside, p->http, pulse, p, error)
		       : rc;
}

int group_http_new(struct group_http **out, const struct core *core,
		   struct notify *notify, struct ztp_error *error)
{
	struct group_http *p = calloc(1, sizeof(*p));
	int rc;

	if (!p)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	p->core = core;
	p->notify = notify;
	p->status.since = p->status.started_at = ztp_clock_wall();
	p->status.lag = -1;
	p->home.group = &p->status;
	p->home.standing = true;
	p->home.core.config = core->config;
	p->home.core.log = core->log;
	p->home.core.clock = core->clock;
	p->home.core.now = ztp_clock_steady(&core->clock);
	rc = verdicts_new(&p->home.verdicts, error);
	if (rc == 0)
		rc = history_new(&p->home.history, error);
	if (rc == 0)
		rc = open_http(p, error);
	if (rc != 0) {
		group_http_free(p);
		return rc;
	}
	group_http_trouble(p, "starting", NULL);
	group_http_away(p);
	*out = p;
	return 0;
}

void group_http_free(struct group_http *p)
{
	if (!p)
		return;
	group_http_back(p);
	http_aside_free(p->aside);
	http_free(p->http);
	history_free(p->home.history);
	verdicts_free(p->home.verdicts);
	free(p);
}

/* --- what is shown */

void group_http_trouble(struct group_http *p, const char *why,
			const char *kafka)
{
	snprintf(p->status.group, sizeof(p->status.group), "%s", why);
	snprintf(p->status.kafka, sizeof(p->status.kafka), "%s",
		 kafka ? kafka : "");
	p->status.has_kafka = kafka != NULL;
	if (p->http && !p->away)
		http_changed(p->http);
}

void group_http_show(struct group_http *p, const struct group_facts *facts)
{
	p->shown = facts != NULL;
	if (facts)
		p->facts = *facts;
	else
		p->home.store = NULL;
	p->facts_at = 0;
}

/* The copy's store is another one after it was thrown away, or could not be
 * written to. */
static void take_store(struct group_http *p)
{
	if (p->shown)
		p->home.store = copy_store(p->facts.copy);
}

/* Its role, and which parts of it are well. */
static int gist(const struct group_status *s)
{
	const char *const whys[] = {s->mqtt, s->kafka, s->store, s->group};
	int said = s->role;

	for (size_t i = 0; i < sizeof(whys) / sizeof(*whys); i++)
		said = 2 * said + (*whys[i] != '\0');
	return said;
}

static void take_facts(struct group_http *p)
{
	int64_t now = ztp_clock_boot();
	int before = gist(&p->status);

	if (!p->shown)
		return;
	take_store(p);
	if (now - p->facts_at < FACTS_MS)
		return;
	p->facts_at = now;
	group_facts_take(&p->facts, p->core, &p->status, p->active != NULL);
	if (p->http && gist(&p->status) != before)
		http_changed(p->http);
}

/* Before the thread is away: what is shown stays until it is back, and one that
 * is becoming active is not ready. */
static void take_role(struct group_http *p)
{
	if (p->shown && p->status.role != standby_state(p->facts.standby))
		p->facts_at = 0;
	take_facts(p);
}

void group_http_turn(struct group_http *p)
{
	take_facts(p);
	if (p->active)
		return;
	p->home.core.now = ztp_clock_steady(&p->home.core.clock);
	history_turn(p->home.history, p->home.core.now, &p->home.total);
	if (p->http)
		http_run(p->http);
}

int group_http_fd(const struct group_http *p)
{
	return p->http ? http_fd(p->http) : -1;
}

int group_http_wait_ms(const struct group_http *p, int ms)
{
	int64_t wait = p->http ? http_timeout_ms(p->http) : -1;

	return wait >= 0 && wait < ms ? (int)wait : ms;
}

/* --- who has the thread */

void group_http_away(struct group_http *p)
{
	if (p->away)
		return;
	p->away = true;
	p->away_at = ztp_clock_boot();
	take_role(p);
	http_aside_away(p->aside);
}

void group_http_back(struct group_http *p)
{
	p->away = false;
	http_aside_back(p->aside);
}

/* --- the active one's loop */

struct bridge *group_http_home(struct group_http *p)
{
	return &p->home;
}

static void begin(struct group_http *p, struct bridge *b)
{
	group_http_back(p);
	p->active = b;
	p->facts_at = 0;
	p->status.undone[0] = '\0';
	b->group = &p->status;
	b->http = p->http;
	if (p->http)
		http_serve(p->http, b);
	take_facts(p);
}

static void end(struct group_http *p)
{
	if (p->active) {
		p->home.total = p->active->total;
		p->active->http = NULL;
		p->active = NULL;
		p->facts_at = 0;
		if (p->http)
			http_serve(p->http, &p->home);
		take_facts(p);
	}
	group_http_away(p);
}

void group_http_serving(struct group_http *p, struct bridge *b)
{
	if (b)
		begin(p, b);
	else
		end(p);
}
