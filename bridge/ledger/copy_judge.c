/*
 * Is this a copy of that topic?
 *
 * An offset alone does not say so, since a topic that is made anew has the same
 * ones. So the row `birth`, which is written once and is never compacted away,
 * has to be where it was, with the id that it had. And a copy that stands for a
 * time long ago may have missed that a row was removed, because what says so is
 * itself removed from the topic some days later.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bridge/ledger/copy_internal.h"

#define LOOK_BACK 256 /* records, at first; the last ones may be markers */

/* --- looking at records without taking them */

struct look {
	int64_t offset, written_at; /* of the last one seen; offset -1: none */
	char birth[COPY_BIRTH_MAX]; /* its id, if it is that row */
};

static int see(void *arg, const struct state_record *record,
	       struct ztp_error *error)
{
	struct look *look = arg;
	struct state_row row = {.removed = true};
	const struct ztp_str *id = &row.cells[STATE_BIRTH_ID].bytes;

	(void)error;
	look->offset = record->offset;
	look->written_at = record->written_at;
	*look->birth = '\0';
	if (state_row_decode(&row, record->row.key, record->row.value, NULL) ==
		    0 &&
	    row.kind == STATE_BIRTH && !row.removed &&
	    id->n < sizeof(look->birth)) {
		memcpy(look->birth, id->p, id->n);
		look->birth[id->n] = '\0';
	}
	return 0;
}

/* Looks at up to `limit` records from an offset on, up to the end. */
static int look_from(struct copy *copy, int64_t offset, int limit, int wait_ms,
		     struct look *look, struct ztp_error *error)
{
	int64_t until = ztp_clock_boot() + wait_ms;
	int rc = state_reader_from(copy->reader, offset, error), seen = 0;

	*look = (struct look){.offset = -1};
	while (rc >= 0 && seen < limit && !state_reader_at_end(copy->reader)) {
		if (ztp_clock_boot() >= until)
			return ztp_fail(error, ZTP_ERR_IO, "%s cannot be read",
					copy->topic);
		rc = state_reader_read(copy->reader, limit - seen, 50, see,
				       look, error);
		seen += rc > 0 ? rc : 0;
	}
	return rc < 0 ? rc : 0;
}

/* When was the newest record written? 0: there is none. */
static int newest(struct copy *copy, const struct state_bounds *bounds,
		  int wait_ms, int64_t *at, struct ztp_error *error)
{
	int64_t back = LOOK_BACK, from;
	struct look look;
	int rc;

	do {
		from = bounds->end - back > bounds->start ? bounds->end - back
							  : bounds->start;
		rc = look_from(copy, from, INT32_MAX, wait_ms, &look, error);
		back *= 16;
	} while (rc == 0 && look.offset < 0 && from > bounds->start);
	*at = look.offset < 0 ? 0 : look.written_at;
	return rc;
}

/* --- the same topic? */

int copy_lost(const struct copy *copy, const char *what,
	      struct ztp_error *error)
{
	return ztp_fail(error, ZTP_ERR_STATE_LOST,
			"%s %s, unlike the copy %s: --to-standby writes it "
			"anew from the best copy",
			copy->topic, what, copy->path);
}

static int same_birth(struct copy *copy, const struct state_row *row,
		      const struct look *look, struct ztp_error *error)
{
	struct ztp_str id = row->cells[STATE_BIRTH_ID].bytes;

	if (look->offset == copy->at.birth - 1 && ztp_str_is(id, look->birth))
		return 0;
	return copy_lost(copy, "has another birth", error);
}

/* 1: there is one, 0: there is none, or a negative error. */
static int get_birth(struct copy *copy, struct state_row *row,
		     struct state_bytes *bytes, struct ztp_error *error)
{
	if (copy->store)
		return store_state_get(copy->store, STATE_BIRTH, "", row, bytes,
				       error);
	*row = copy->refused.birth;
	return !row->removed;
}

static int check_birth(struct copy *copy, int wait_ms, struct ztp_error *error)
{
	struct state_bytes bytes = {0};
	struct state_row row;
	struct look look;
	int rc = get_birth(copy, &row, &bytes, error);

	if (rc == 1 && copy->at.birth > 0) {
		rc = look_from(copy, copy->at.birth - 1, 1, wait_ms, &look,
			       error);
		if (rc == 0)
			rc = same_birth(copy, &row, &look, error);
	} else if (rc >= 0) { /* all that it has was read before the birth */
		rc = copy->at.next == 0
			     ? 0
			     : copy_discard(copy, "it has no birth", error);
	}
	free(bytes.p);
	return rc;
}

void copy_birth(struct copy *copy, char id[COPY_BIRTH_MAX])
{
	struct state_bytes bytes = {0};
	struct state_row row;
	int rc = store_state_get(copy->store, STATE_BIRTH, "", &row, &bytes,
				 NULL);
	struct ztp_str text = {0};

	if (rc == 1)
		text = row.cells[STATE_BIRTH_ID].bytes;
	if (text.n >= COPY_BIRTH_MAX)
		text.n = 0;
	if (text.n > 0)
		memcpy(id, text.p, text.n);
	id[text.n] = '\0';
	free(bytes.p);
}

/* A birth that is another one has been written by --to-standby since. */
int copy_check_committed(struct copy *copy, int64_t end, int wait_ms,
			 struct ztp_error *error)
{
	char of[COPY_BIRTH_MAX], ours[COPY_BIRTH_MAX];
	int64_t committed = 0;
	int rc = state_reader_committed(copy->reader, wait_ms, &committed, of,
					sizeof(of), error);

	if (rc != 0 || committed <= end)
		return rc;
	copy_birth(copy, ours);
	if (*ours && *of && strcmp(ours, of) != 0)
		return 0;
	return ztp_fail(error, ZTP_ERR_STATE_LOST,
			"%s ends at %lld, and the group had read it up to "
			"%lld: --to-standby writes it anew from the best copy",
			copy->topic, (long long)end, (long long)committed);
}

static int check_bounds(const struct copy *copy,
			const struct state_bounds *bounds,
			struct ztp_error *error)
{
	if (copy->at.next == 0)
		return 0;
	if (bounds->end <= bounds->start)
		return copy_lost(copy, "is empty", error);
	if (bounds->end < copy->at.next)
		return copy_lost(copy, "ends earlier", error);
	if (bounds->start > copy->at.next)
		return copy_lost(copy, "begins later", error);
	return 0;
}

static int check_age(struct copy *copy, const struct state_bounds *bounds,
		     int wait_ms, struct ztp_error *error)
{
	int64_t at;
	int rc = newest(copy, bounds, wait_ms, &at, error);

	if (rc == 0)
		copy->known_at = at;
	if (rc == 0 && at - copy->at.written_at >= COPY_OLD_MS)
		rc = copy_discard(copy, "it is more than a day old", error);
	return rc;
}

static int judge_late(struct copy *copy, int64_t age, struct ztp_error *error)
{
	copy->late = age >= COPY_OLD_MS;
	return copy->late ? ztp_fail(error, ZTP_ERR_IO,
				     "%s is read a day late: is the copy too "
				     "old?",
				     copy->topic)
			  : 0;
}

static void know(struct copy *copy, int64_t at, int64_t boot)
{
	copy->known_at = at;
	copy->known_boot = boot;
}

/* A bridge may be stopped for days, or be without Kafka, or its disk be full. What is
 * read late may come after something that is not there any more. A virtual machine
 * that was paused has a clock that stood still: it sees that once it has read what
 * was just written, and what it reads then is of days later. */
int copy_check_late(struct copy *copy, const struct state_record *record,
		    struct ztp_error *error)
{
	int64_t now = ztp_clock_boot(), age = now - copy->known_boot;

	if (record->written_at > copy->known_at)
		age -= record->written_at - copy->known_at;
	if (copy->live && age <= -COPY_OLD_MS)
		return judge_late(copy, -age, error);
	if (age < 0) {
		know(copy, record->written_at, now);
		copy->live = true;
	}
	return judge_late(copy, age, error);
}

/* What says that this is the end may have been queued for as long. */
int copy_check_end(struct copy *copy, struct ztp_error *error)
{
	int64_t now = ztp_clock_boot();
	int rc;

	if (copy->known_at != INT64_MAX)
		return 0;
	rc = judge_late(copy, now - copy->known_boot, error);
	if (rc == 0)
		know(copy, copy->reached.written_at, now);
	return rc;
}

int copy_judge(struct copy *copy, int wait_ms, struct state_bounds *bounds,
	       struct ztp_error *error)
{
	int rc = state_reader_bounds(copy->reader, wait_ms, bounds, error);

	copy->late = copy->live = false;
	know(copy, INT64_MAX, ztp_clock_boot());

	if (rc == 0)
		rc = check_bounds(copy, bounds, error);
	if (rc == 0 && copy->at.partly)
		rc = copy_discard(copy, "it was not read to the end", error);
	if (rc == 0 && copy->at.next > 0)
		rc = check_birth(copy, wait_ms, error);
	if (rc == 0 && copy->unfit)
		rc = copy_discard(copy, copy->unfit, error);
	if (rc == 0 && copy->at.next > 0)
		rc = check_age(copy, bounds, wait_ms, error);
	return rc;
}
