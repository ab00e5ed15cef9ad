#include "bridge/ledger/copy.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/ledger/copy_internal.h"

#define BULK	   20000 /* records from which on indexes are made at the end */
#define BEGIN_MS   500 /* to begin again, after the database was opened again */
#define FOREIGN_MS 30000 /* between two lines about somebody else's records */
#define LINGER_MS  30000 /* or about what is not erased */

int copy_open(struct copy **out, struct core *core,
	      const struct copy_options *options, struct ztp_error *error)
{
	struct copy *copy = calloc(1, sizeof(*copy));
	int rc;

	if (!copy)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	copy->core = core;
	copy->refused.lock_fd = -1;
	copy->sync_full = options->sync_full;
	copy->path = strdup(options->path);
	copy->topic = strdup(options->topic);
	copy->decisions = strdup(options->decisions);
	rc = copy->path && copy->topic && copy->decisions
		     ? copy_store_open(copy, error)
		     : ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	if (rc == 0)
		rc = state_reader_new(&copy->reader, core, copy->topic,
				      options->wake_fd, error);
	if (rc != 0) {
		copy_free(copy);
		return rc;
	}
	*out = copy;
	return 0;
}

void copy_free(struct copy *copy)
{
	struct ztp_error error = {0};

	if (!copy)
		return;
	if (copy->store && copy->reader && copy->begun &&
	    copy_commit(copy, &error) != 0)
		log_warn(copy->core->log, "copy_not_written", LOG_WHY(&error));
	state_reader_free(copy->reader);
	store_close(copy->store);
	store_refused_release(&copy->refused);
	free(copy->path);
	free(copy->topic);
	free(copy->decisions);
	free(copy);
}

void copy_drop(struct copy *copy)
{
	copy->begun = false;
	copy_free(copy);
}

struct store *copy_store(struct copy *copy)
{
	return copy->store;
}

/* --- reading */

/* After an error that has taken more from the database than the open turn: what
 * is in it is not what `reached` says. */
static int open_again(struct copy *copy, struct ztp_error *error)
{
	int rc = 0;

	if (copy_is_damaged(copy) ||
	    (copy->store && store_copy_lost(copy->store)))
		copy_store_close(copy);
	if (copy->store || copy->refused.held)
		return 0;
	rc = copy_store_open(copy, error);
	copy->reached = copy->at;
	return rc;
}

int copy_begin(struct copy *copy, int wait_ms, struct ztp_error *error)
{
	struct state_bounds bounds = {0};
	int rc = open_again(copy, error);

	copy->bulk = false;
	if (rc == 0)
		rc = copy_judge(copy, wait_ms, &bounds, error);
	if (rc == 0 && copy->at.next == 0 && bounds.end - bounds.start > BULK) {
		rc = store_copy_begin(copy->store, error);
		copy->bulk = rc == 0;
	}
	copy->begun = rc == 0;
	copy->reached = copy->at;
	copy->commit_at = 0;
	return rc == 0 ? state_reader_from(copy->reader,
					   copy->at.next ? copy->at.next
							 : bounds.start,
					   error)
		       : rc;
}

static bool is_of_the_row(int rc)
{
	return rc == ZTP_ERR_STATE_NEWER || rc == ZTP_ERR_STATE_LOST ||
	       rc == ZTP_ERR_REFUSED;
}

/* Said of the database: 0, or what it did not take. */
static int note_written(struct copy *copy, int rc)
{
	if (rc == 0)
		copy->unwritten_since = 0;
	else if (copy->unwritten_since == 0)
		copy->unwritten_since = ztp_clock_boot();
	return rc;
}

int64_t copy_unwritten_since(const struct copy *copy)
{
	return copy->unwritten_since;
}

/* No bridge has written it. It says nothing, and so it stops nobody: a copy that
 * waited for it to go would wait for ever. */
static void pass_by(struct copy *copy, const struct state_record *record,
		    const struct ztp_error *why)
{
	uint64_t suppressed;

	if (log_every(&copy->foreign, FOREIGN_MS, ztp_clock_boot(),
		      &suppressed))
		log_error(copy->core->log, "state_unreadable",
			  LOG_STR("topic", copy->topic),
			  LOG_INT("offset", record->offset), LOG_WHY(why),
			  LOG_UINT("suppressed", suppressed));
}

static int take(void *arg, const struct state_record *record,
		struct ztp_error *error)
{
	struct copy *copy = arg;
	int rc = copy_check_late(copy, record, error);

	if (rc != 0)
		return rc;
	rc = store_state_apply(copy->store, &record->row, error);
	if (rc == ZTP_ERR_VALUE)
		pass_by(copy, record, error);
	else if (rc != 0)
		return is_of_the_row(rc) ? rc : note_written(copy, rc);
	copy->reached.next = record->offset + 1;
	copy->reached.written_at = record->written_at;
	if (rc == 0 && ztp_str_is(record->row.key, STATE_BIRTH_KEY))
		copy->reached.birth =
			record->row.value.p ? record->offset + 1 : 0;
	return 0;
}

/* What cannot be written now is read again later; the database may have to be
 * opened again, which copy_begin does. */
static void take_back(struct copy *copy)
{
	store_rollback(copy->store);
	copy->begun = copy->at.next > 0 && !store_copy_lost(copy->store) &&
		      !copy_is_damaged(copy) && !copy->late;
	copy->reached = copy->at;
	(void)state_reader_from(copy->reader, copy->at.next, NULL);
}

/* Records that have been read, and the sorting of indexes, leave tens of MiB to
 * malloc, which nobody needs again. */
static void give_back_memory(void)
{
#ifdef __GLIBC__
	(void)malloc_trim(0);
#endif
}

/* Between commits, since what was erased is in SQLite's log until that is emptied.
 * Of a long topic that is read from its beginning nobody has been told yet. */
static void settle(struct copy *copy)
{
	struct ztp_error error = {0};
	uint64_t suppressed;

	if (copy->bulk ||
	    store_payload_settle(copy->store, ztp_clock_boot(), &error) == 0)
		return;
	if (log_every(&copy->lingering, LINGER_MS, ztp_clock_boot(),
		      &suppressed))
		log_warn(copy->core->log, "payloads_linger", LOG_WHY(&error),
			 LOG_UINT("suppressed", suppressed));
}

static int finish_bulk(struct copy *copy, struct ztp_error *error)
{
	int rc = copy_commit(copy, error);

	if (rc == 0)
		rc = store_copy_end(copy->store, error);
	copy->bulk = rc != 0;
	give_back_memory();
	return rc == 0 ? copy_commit(copy, error) : rc;
}

static int lose(struct copy *copy, struct ztp_error *error)
{
	char what[64];

	snprintf(what, sizeof(what), "has no offset %lld",
		 (long long)copy_position(copy));
	return copy_lost(copy, what, error);
}

int copy_step(struct copy *copy, int limit, int wait_ms,
	      struct ztp_error *error)
{
	int64_t now = ztp_clock_boot();
	int count, rc;

	/* Pages look at it, too. */
	if (!copy->begun || copy_is_damaged(copy))
		return copy_begin(copy, BEGIN_MS, error);
	rc = count = state_reader_read(copy->reader, limit, wait_ms, take, copy,
				       error);
	if (rc >= 0 && state_reader_at_end(copy->reader))
		rc = copy_check_end(copy, error);
	if (rc == ZTP_ERR_STATE_LOST)
		rc = lose(copy, error);
	if (rc < 0 && !is_of_the_row(rc))
		take_back(copy);
	if (rc < 0)
		return rc;
	rc = store_copy_settle(copy->store, error);
	if (rc == 0 && copy->bulk && state_reader_at_end(copy->reader))
		rc = finish_bulk(copy, error);
	else if (rc == 0 && store_copy_dirty(copy->store) &&
		 now - copy->commit_at >= COPY_COMMIT_MS)
		rc = copy_commit(copy, error);
	else if (rc == 0)
		settle(copy);
	if (rc != 0)
		take_back(copy);
	else if (state_reader_at_end(copy->reader))
		copy->discarded = false;
	return rc == 0 ? count : rc;
}

int copy_commit(struct copy *copy, struct ztp_error *error)
{
	int rc = note_written(
		copy, store_copy_commit(copy->store, &copy->reached, error));

	copy->commit_at = ztp_clock_boot();
	if (rc != 0)
		return rc;
	copy->at = copy->reached;
	settle(copy);
	return 0;
}

bool copy_has_birth(const struct copy *copy)
{
	return copy->reached.birth > 0;
}

bool copy_is_empty(const struct copy *copy)
{
	return copy->reached.next == 0;
}

int64_t copy_position(const struct copy *copy)
{
	return state_reader_position(copy->reader);
}

int64_t copy_next(const struct copy *copy)
{
	int64_t read = state_reader_position(copy->reader);

	return copy->reached.next > read ? copy->reached.next : read;
}

bool copy_at_end(const struct copy *copy)
{
	return state_reader_at_end(copy->reader);
}

bool copy_is_whole(const struct copy *copy, int64_t end)
{
	return copy->store && copy->begun && copy_next(copy) >= end;
}

int64_t copy_lag(const struct copy *copy)
{
	return copy->begun ? state_reader_lag(copy->reader) : -1;
}

bool copy_listed(const struct copy *copy)
{
	return copy->store && !copy->bulk;
}

int copy_end(struct copy *copy, int wait_ms, int64_t *end,
	     struct ztp_error *error)
{
	struct state_bounds bounds = {0};
	int rc = state_reader_bounds(copy->reader, wait_ms, &bounds, error);

	*end = bounds.end;
	return rc;
}

/* --- writing */

/* A row may not come where one is already, or has been. */
int copy_check_wrote(struct copy *copy, const struct turn_result *result,
		     struct ztp_error *error)
{
	if (result->next > 0 && result->first < copy->reached.next)
		copy->anew = true;
	return copy_check_found(copy, error);
}

int copy_check_found(const struct copy *copy, struct ztp_error *error)
{
	return copy->anew ? copy_lost(copy, "has begun anew", error) : 0;
}

void copy_wrote(struct copy *copy, const struct turn_result *result)
{
	copy->reached.next = result->next;
	copy->reached.written_at = result->written_at;
	if (result->birth)
		copy->reached.birth = result->birth;
}

int copy_read_on(struct copy *copy, struct ztp_error *error)
{
	int rc = open_again(copy, error);

	if (rc == 0 && copy->unfit) /* by copy_begin */
		rc = ztp_fail(error, ZTP_ERR_IO, "the copy has to be judged");
	if (rc != 0) {
		copy->begun = false;
		return rc;
	}
	return state_reader_from(copy->reader, copy->reached.next, error);
}
