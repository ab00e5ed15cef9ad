#include "gate/rest.h"

#include "base/clock.h"

#define TIMES 10 /* as long as the failure has taken */
#define SOON  10 /* times as long as the thread was not trusted */

int ztp_rest_check(const struct ztp_rest *rest, const char *path,
		   struct ztp_error *error)
{
	if (rest->until == 0 || ztp_clock_boot() >= rest->until)
		return 0;
	(void)ztp_fail(error, rest->code,
		       "registry database %s: %s, and it is not tried again at "
		       "once",
		       path,
		       rest->code == ZTP_ERR_FULL
			       ? "no space was left on the device"
			       : "the last write failed");
	if (error)
		error->retriable = true;
	return rest->code;
}

static int64_t bounded(int64_t ms)
{
	if (ms < ZTP_REST_MIN_MS)
		return ZTP_REST_MIN_MS;
	return ms > ZTP_REST_MAX_MS ? ZTP_REST_MAX_MS : ms;
}

/* And not a lack of memory, which is over as soon as somebody frees some. */
static bool is_of_disk(sqlite3 *db)
{
	int rc = sqlite3_extended_errcode(db);

	return (rc & 0xff) == SQLITE_FULL ||
	       ((rc & 0xff) == SQLITE_IOERR && rc != SQLITE_IOERR_NOMEM);
}

void ztp_rest_begin(struct ztp_rest *rest, sqlite3 *db, int64_t took_ms)
{
	if (!is_of_disk(db))
		return;
	rest->code = (sqlite3_errcode(db) & 0xff) == SQLITE_FULL ? ZTP_ERR_FULL
								 : ZTP_ERR_IO;
	rest->until = ztp_clock_boot() + bounded(took_ms * TIMES);
}

void ztp_trust_lose(struct ztp_trust *trust, int64_t took_ms)
{
	int64_t now = ztp_clock_boot(), ms = took_ms * TIMES;
	int64_t before = trust->until - trust->lost_at;

	if (now - trust->until < before * SOON && ms < 2 * before)
		ms = 2 * before;
	trust->lost_at = now;
	trust->until = now + bounded(ms);
}

bool ztp_trust_has(const struct ztp_trust *trust)
{
	return ztp_clock_boot() >= trust->until;
}
