/* The database of a copy: opened, and thrown away. */
#include "base/sqlite.h"
#include "bridge/ledger/copy_internal.h"

int copy_store_open(struct copy *copy, struct ztp_error *error)
{
	int rc = store_open(&copy->store, copy->path, copy->sync_full, error);

	if (rc == 0)
		rc = store_replicate(copy->store, copy->decisions, error);
	/* A single bridge's store holds what no topic has. */
	return rc == 0 ? store_refuse_single(copy->store, copy->decisions,
					     &copy->at, error)
		       : rc;
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
	return rc == 0 ? copy_store_open(copy, error) : rc;
}
