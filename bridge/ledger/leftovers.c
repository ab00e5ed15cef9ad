#include "bridge/ledger/leftovers.h"

#include <stdlib.h>
#include <string.h>

#include "bridge/journal/journal_record.h"
#include "bridge/kafka/state_reader.h"
#include "bridge/ledger/turns.h"

#define AGAIN_MS   1000	 /* after something could not be read */
#define FAILURE_MS 30000 /* between two lines in the log */

struct leftovers {
	struct core *core;
	struct store *store;
	struct state_reader *reader;
	struct leftover batch[LEFTOVERS_MAX];
	size_t count, bytes;
	size_t taken;	/* of the batch, by the turn that is under way */
	int64_t next;	/* the offset after what has been taken; or nothing */
	int64_t told;	/* ... after what undone turns had taken */
	int64_t behind; /* where reading goes on: after the batch */
	int64_t again_at;
	struct log_limit failures;
};

/* --- reading */

static int read_from(struct leftovers *l, int64_t offset,
		     struct ztp_error *error)
{
	l->behind = offset;
	return state_reader_from(l->reader, offset, error);
}

int leftovers_new(struct leftovers **out, struct core *core,
		  struct store *store, int wake_fd, struct ztp_error *error)
{
	struct leftovers *l = calloc(1, sizeof(*l));
	int rc;

	if (!l)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	l->core = core;
	l->store = store;
	rc = turns_taken_get(store, &l->next, error);
	if (rc == 0)
		rc = state_reader_new(&l->reader, core,
				      core->config->kafka.topics.journal,
				      wake_fd, error);
	if (rc == 0)
		rc = read_from(l,
			       l->next == TURNS_NOTHING ? STATE_READER_START
							: l->next,
			       error);
	l->told = l->next;
	if (rc != 0) {
		leftovers_free(l);
		return rc;
	}
	*out = l;
	return 0;
}

static void free_item(struct leftover *item)
{
	free(item->bytes);
	free(item->other);
}

void leftovers_free(struct leftovers *l)
{
	size_t i;

	if (!l)
		return;
	for (i = 0; i < l->count; i++)
		free_item(&l->batch[i]);
	state_reader_free(l->reader);
	free(l);
}

/* Another cell may use the topic by mistake. Its entries are of devices that are none
 * of ours, and its own bridge takes them. */
static int note_other(const struct leftovers *l, struct leftover *item,
		      struct ztp_str key)
{
	const struct ztp_str group = journal_record_group(key);

	item->other = NULL;
	if (!group.p || ztp_str_is(group, l->core->config->kafka.group))
		return 0;
	item->other = strndup(group.p, group.n);
	return item->other ? 0 : ZTP_ERR_NOMEM;
}

/* A state_reader_visit. */
static int keep(void *arg, const struct state_record *record,
		struct ztp_error *error)
{
	struct leftovers *l = arg;
	const struct ztp_str *value = &record->row.value;
	struct leftover *item = &l->batch[l->count];
	size_t len = value->p ? value->n : 0;

	item->bytes = malloc(len + 1);
	if (!item->bytes || note_other(l, item, record->row.key) != 0) {
		free(item->bytes);
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	}
	if (len > 0)
		memcpy(item->bytes, value->p, len);
	item->offset = record->offset;
	item->len = len;
	l->count++;
	l->bytes += len;
	l->behind = record->offset + 1;
	return 0;
}

/* Kafka removes what is older than the topic's retention. Whoever wrote it and
 * sees that it was not taken writes it again. */
static void begin_anew(struct leftovers *l, const struct ztp_error *why)
{
	log_error(l->core->log, "journal_read_anew", LOG_WHY(why));
	l->told = TURNS_NOTHING; /* offsets may begin anew, too */
	(void)read_from(l, STATE_READER_START, NULL);
}

static void say_bad(struct leftovers *l, const struct ztp_error *why)
{
	uint64_t suppressed;

	l->again_at = l->core->now + AGAIN_MS;
	if (log_every(&l->failures, FAILURE_MS, l->core->now + 1, &suppressed))
		log_warn(l->core->log, "journal_not_read", LOG_WHY(why),
			 LOG_UINT("suppressed", suppressed));
}

void leftovers_collect(struct leftovers *l)
{
	struct ztp_error error = {0};
	int rc = 0, nothing = 0;

	if (l->again_at != 0 && l->core->now < l->again_at)
		return;
	if (l->again_at != 0)
		(void)read_from(l, l->behind, NULL);
	l->again_at = 0;
	/* The end of the topic is no record, and there may be one behind it. */
	while (rc >= 0 && nothing < 2 && l->count < LEFTOVERS_MAX &&
	       l->bytes < LEFTOVERS_BYTES) {
		rc = state_reader_read(l->reader, 1, 0, keep, l, &error);
		nothing = rc > 0 ? 0 : nothing + 1;
	}
	if (rc == ZTP_ERR_STATE_LOST)
		begin_anew(l, &error);
	else if (rc < 0)
		say_bad(l, &error);
}

size_t leftovers_count(const struct leftovers *l)
{
	return l->count;
}

const struct leftover *leftovers_get(const struct leftovers *l, size_t i)
{
	return &l->batch[i];
}

/* --- a turn */

int leftovers_take(struct leftovers *l, size_t n, struct ztp_error *error)
{
	l->taken = n;
	return n > 0 ? turns_taken_put(l->store, l->batch[n - 1].offset + 1,
				       error)
		     : 0;
}

void leftovers_settle(struct leftovers *l)
{
	size_t i;

	if (l->taken == 0)
		return;
	l->next = l->batch[l->taken - 1].offset + 1;
	for (i = 0; i < l->taken; i++) {
		l->bytes -= l->batch[i].len;
		free_item(&l->batch[i]);
	}
	l->count -= l->taken;
	memmove(l->batch, l->batch + l->taken, l->count * sizeof(l->batch[0]));
	l->taken = 0;
}

void leftovers_rollback(struct leftovers *l)
{
	if (l->taken > 0 && l->batch[l->taken - 1].offset + 1 > l->told)
		l->told = l->batch[l->taken - 1].offset + 1;
	l->taken = 0;
}

bool leftovers_replaying(const struct leftovers *l)
{
	int64_t next =
		l->taken > 0 ? l->batch[l->taken - 1].offset + 1 : l->next;

	return next < l->told;
}

int64_t leftovers_next(const struct leftovers *l)
{
	return l->again_at;
}
