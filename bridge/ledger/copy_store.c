/* The database of a copy: opened, and thrown away. */
#include "base/sqlite.h"
#include "bridge/ledger/copy_internal.h"

#define DAMAGED "it is damaged"

static int open_it(struct copy *copy, struct ztp_error *error)
{
	int rc = store_open(&copy->store, copy->path, copy->sync_full, error);

	if (rc == 0)
		rc = store_replicate(copy->store, copy->decisions, error);
	/* A single bridge's store holds what no topic has. */
	return rc == 0 ? store_refuse_single(copy->store, copy->decisions,
					     &copy->at, error)
		       : rc;
}

/* It may be the best copy there is, so the topic is judged before it is thrown
 * away. */
int copy_store_open(struct copy *copy, struct ztp_error *error)
{
	int rc = open_it(copy, error);

	if (rc == 0)
		return 0;
	store_close(copy->store);
	copy->store = NULL;
	if (!error->fatal || !store_refused_look(&copy->refused, copy->path))
		return rc;
	copy->at = copy->refused.at;
	copy->unfit = copy->refused.newer ? "a later version has written it"
					  : DAMAGED;
	return 0;
}

/* What is not open can be opened again. That may find nothing wrong, since a large
 * one is not checked completely. */
void copy_store_close(struct copy *copy)
{
	if (copy_is_damaged(copy))
		copy->unfit = DAMAGED;
	store_close(copy->store);
	copy->store = NULL;
}

bool copy_is_damaged(const struct copy *copy)
{
	return copy->store && store_is_damaged(copy->store);
}

bool copy_is_read_anew(const struct copy *copy)
{
	return copy->discarded;
}

/* The journal, which holds what the topic may lack, is in other files. The
 * database goes first: without it its log means nothing. */
int copy_discard(struct copy *copy, const char *why, struct ztp_error *error)
{
	int rc;

	log_warn(copy->core->log, "copy_discarded", LOG_STR("reason", why));
	store_close(copy->store);
	copy->store = NULL;
	rc = ztp_sqlite_remove(copy->path, error);
	if (rc != 0)
		return rc;
	store_refused_release(&copy->refused);
	copy->unfit = NULL;
	copy->discarded = true;
	return copy_store_open(copy, error);
}
