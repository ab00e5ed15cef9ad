/* The database of a copy: opened, and thrown away. */
#include "base/sqlite.h"
#include "bridge/ledger/copy_internal.h"

/* A single bridge's store holds what no topic has. */
static int check_whose(struct copy *copy, struct ztp_error *error)
{
	struct store_copy at;
	int rc = store_copy_get(copy->store, &at, error);

	if (rc != 0)
		return rc;
	copy->at = at;
	if (at.next == 0 && !at.partly &&
	    (store_list_next(copy->store, 0, false) != 0 ||
	     store_outbox_count(copy->store) > 0))
		return ztp_fail(error, ZTP_ERR_USAGE,
				"store %s is a single bridge's: "
				"--to-standby makes a group's of it",
				copy->path);
	return 0;
}

int copy_store_open(struct copy *copy, struct ztp_error *error)
{
	int rc = store_open(&copy->store, copy->path, copy->sync_full, error);

	if (rc == 0)
		rc = store_replicate(copy->store, copy->decisions, error);
	return rc == 0 ? check_whose(copy, error) : rc;
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
