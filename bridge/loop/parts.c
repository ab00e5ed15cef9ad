#include "bridge/loop/loop_internal.h"

/* A part reads and applies before those that build on it. Two orders are more
 * than that: what the journal tells again comes before decisions, which may be
 * answers to it, and registrations go out before commands, which may have to
 * wait for one. */
static const struct part *const parts[] = {
	&store_part,	&channels_part,	    &verdicts_part, &mqtt_out_part,
	&probe_part,	&producer_part,	    &mqtt_in_part,  &leftovers_part,
	&consumer_part, &registrar_part,    &commands_part, &deadlines_part,
	&payloads_part, &housekeeping_part, &history_part,  &http_part,
};

#define PARTS ((int)(sizeof(parts) / sizeof(parts[0])))

static bool has(const struct loop *l, const struct part *part)
{
	return !part->present || part->present(l);
}

int parts_new(struct loop *l, const char **name, struct ztp_error *error)
{
	int i, rc = 0;

	for (i = 0; rc == 0 && i < PARTS; i++) {
		*name = parts[i]->name;
		if (parts[i]->new)
			rc = parts[i]->new (l, error);
	}
	return rc;
}

void parts_collect(struct loop *l)
{
	int i;

	for (i = 0; i < PARTS; i++)
		if (parts[i]->collect && has(l, parts[i]))
			parts[i]->collect(l);
}

int parts_apply(struct loop *l, struct ztp_error *error)
{
	int i, rc = 0;

	l->more = false;
	for (i = 0; rc == 0 && i < PARTS; i++)
		if (parts[i]->apply && has(l, parts[i]))
			rc = parts[i]->apply(l, error);
	return rc;
}

void parts_settle(struct loop *l)
{
	int i;

	for (i = 0; i < PARTS; i++)
		if (parts[i]->settle && has(l, parts[i]))
			parts[i]->settle(l);
}

void parts_rollback(struct loop *l)
{
	int i;

	for (i = 0; i < PARTS; i++)
		if (parts[i]->rollback && has(l, parts[i]))
			parts[i]->rollback(l);
}

void parts_pump(struct loop *l)
{
	int i;

	for (i = 0; i < PARTS; i++)
		if (parts[i]->pump && has(l, parts[i]))
			parts[i]->pump(l);
}

int64_t parts_next(const struct loop *l, int64_t now, int64_t latest)
{
	int64_t at;
	int i;

	for (i = 0; i < PARTS; i++) {
		if (!parts[i]->next || !has(l, parts[i]) ||
		    (parts[i]->needs_store && !l->b.store_ok))
			continue;
		at = parts[i]->next(l, now);
		if (at != 0 && at < latest)
			latest = at;
	}
	return latest;
}

void parts_free(struct loop *l)
{
	int i;

	for (i = PARTS - 1; i >= 0; i--)
		if (parts[i]->free)
			parts[i]->free(l);
}
