/*
 * How many there are is known of a registry, and counted of a certificate, which
 * has few. As many as are rejected at once may be beyond the numbers for a while:
 * all that were live. More are forgotten at a time than are added.
 */
#include "gate/rejections.h"

#include <string.h>

#include "base/clock.h"

#define FORGET_MAX 4 /* for each that is added */

static const char sql_in_force[] =
	"SELECT count(*) FROM candidates WHERE identity IN (?1, ?2) AND "
	"rejected = 1 AND retry_at > ?3";
static const char sql_of_certificate[] =
	"SELECT count(*) FROM candidates WHERE identity IN (?1, ?2) AND "
	"rejected = 1";
static const char sql_over[] =
	"SELECT EXISTS(SELECT 1 FROM candidates WHERE registry = ?1 AND "
	"rejected = 1 AND retry_at <= ?2)";

static int64_t of_certificate(struct ztp_db *db,
			      const struct ztp_db_certificate *cert,
			      struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(db, sql_of_certificate, error);

	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_certificate(stmt, 1, cert);
	return ztp_db_count(db, stmt, error);
}

int ztp_rejections_count(struct ztp_gate *gate, struct ztp_gate_facts *facts,
			 const struct ztp_registry *registry,
			 const struct ztp_db_certificate *cert, int64_t wall_ms,
			 struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(gate->db, sql_in_force, error);
	int64_t over = 0;

	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_certificate(stmt, 1, cert);
	ztp_db_int(stmt, 3, wall_ms);
	facts->rejected_per_certificate = ztp_db_count(gate->db, stmt, error);
	if (facts->rejected_per_certificate < 0)
		return (int)facts->rejected_per_certificate;
	facts->rejected_per_registry = registry->counts.rejected;
	if (registry->counts.rejected < gate->options.limits.per_registry)
		return 0;
	stmt = ztp_db_use(gate->db, sql_over, error);
	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_text(stmt, 1, registry->name);
	ztp_db_int(stmt, 2, wall_ms);
	over = ztp_db_count(gate->db, stmt, error);
	if (over < 0)
		return (int)over;
	if (over > 0) /* it makes room */
		facts->rejected_per_registry = 0;
	return 0;
}

struct page {
	struct ztp_candidate found[FORGET_MAX];
	size_t count;
};

static bool collect(const struct ztp_candidate *candidate, void *arg)
{
	struct page *page = arg;

	page->found[page->count++] = *candidate;
	return page->count < FORGET_MAX;
}

static int forget(struct ztp_gate *gate,
		  const struct ztp_candidate_query *query,
		  struct ztp_error *error)
{
	struct page page = {.count = 0};
	int rc = ztp_candidates_list(gate->db, query, collect, &page, error);

	for (size_t i = 0; rc == 0 && i < page.count; i++) {
		const struct ztp_candidate *candidate = &page.found[i];
		struct ztp_registry *registry = NULL;
		struct ztp_path path;

		if (ztp_path_parse(&path, candidate->path,
				   strlen(candidate->path), NULL) == 0)
			registry = ztp_registries_of(gate->registries, &path);
		rc = ztp_candidates_delete(gate->db, registry, candidate,
					   error);
	}
	return rc;
}

static int64_t few(int64_t excess)
{
	return excess < FORGET_MAX ? excess : FORGET_MAX;
}

int ztp_rejections_add(struct ztp_gate *gate, struct ztp_registry *registry,
		       const struct ztp_candidate *candidate, int64_t retry_at,
		       struct ztp_error *error)
{
	const struct ztp_gate_limits *limits = &gate->options.limits;
	const struct ztp_db_certificate cert = {candidate->identity,
						candidate->fingerprint};
	struct ztp_candidate_query query = {
		.which = ZTP_CANDIDATES_COOLED_CERTIFICATE,
		.cert = &cert,
		.now_ms = ztp_clock_wall(),
	};
	int rc = ztp_candidates_reject(gate->db, registry, candidate, retry_at,
				       error);
	int64_t count = rc == 0 ? of_certificate(gate->db, &cert, error) : rc;

	if (count < 0)
		return (int)count;
	query.limit = few(count - limits->per_certificate);
	if (query.limit > 0)
		rc = forget(gate, &query, error);
	if (rc != 0 || !registry)
		return rc;
	query.which = ZTP_CANDIDATES_COOLED_REGISTRY;
	query.of = registry->name;
	query.limit = few(registry->counts.rejected - limits->per_registry);
	return query.limit > 0 ? forget(gate, &query, error) : 0;
}
