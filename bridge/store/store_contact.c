/* The SQLite store: what is known of a request's device after its approval.
 * These columns are read and written only when the device is heard of. */
#include <string.h>

#include "bridge/store/store_internal.h"

int store_contact_get(struct store *store, int64_t n,
		      struct ztp_contact *contact, struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_CONTACT_GET, false, error);
	int rc;

	memset(contact, 0, sizeof(*contact));
	sqlite3_bind_int64(stmt, 1, n);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW) {
		contact->heard = (enum ztp_heard)sqlite3_column_int(stmt, 0);
		contact->connection = sqlite3_column_int64(stmt, 1);
		contact->resends = sqlite3_column_int(stmt, 2);
		contact->resent_at = sqlite3_column_int64(stmt, 3);
	}
	sqlite3_reset(stmt);
	return rc == SQLITE_ROW || rc == SQLITE_DONE
		       ? 0
		       : store_fail(store, rc, error);
}

int store_contact_put(struct store *store, int64_t n,
		      const struct ztp_contact *contact,
		      struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_CONTACT_SET, true, error);

	if (!stmt)
		return ZTP_ERR_IO;
	sqlite3_bind_int64(stmt, 1, n);
	store_bind_time(stmt, 2, (int64_t)contact->heard);
	store_bind_time(stmt, 3, contact->connection);
	store_bind_time(stmt, 4, contact->resends);
	store_bind_time(stmt, 5, contact->resent_at);
	store_changes_request(store->changes, n);
	return store_run(store, stmt, error);
}
