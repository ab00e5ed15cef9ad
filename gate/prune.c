/*
 * Each kind has an index in the order in which its rows are due (gate/db_schema.c),
 * so what is not due yet costs nothing, and no turn deletes more than a page of a
 * kind. As long as there is more, it goes on a second later.
 */
#include "gate/prune.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "gate/candidates.h"
#include "gate/devices.h"
#include "gate/gate.h"
#include "gate/withdrawn.h"

#define SECOND	   1000LL
#define HOUR	   (3600 * SECOND)
#define DELETED_MS (90 * 24 * HOUR) /* the longest decision timeout there is */

struct page {
	struct ztp_candidate found[ZTP_PRUNE_ROWS];
	size_t count;
};

static bool collect(const struct ztp_candidate *candidate, void *arg)
{
	struct page *page = arg;

	page->found[page->count++] = *candidate;
	return page->count < ZTP_PRUNE_ROWS;
}

static void end_one(struct ztp_gate *gate,
		    const struct ztp_candidate *candidate)
{
	struct ztp_session *session =
		ztp_sessions_by_path(gate->sessions, candidate->path);
	struct ztp_registry *registry = NULL;
	struct ztp_path path;

	if (ztp_path_parse(&path, candidate->path, strlen(candidate->path),
			   NULL) == 0)
		registry = ztp_registries_of(gate->registries, &path);
	if (session && session->right == ZTP_RIGHT_HELD &&
	    memcmp(session->fingerprint, candidate->fingerprint,
		   ZTP_SHA256_LEN) == 0)
		ztp_gate_end_path(gate, candidate->path);
	(void)ztp_candidates_delete(gate->db, registry, candidate, NULL);
}

/* True: there may be more. */
static bool prune_candidates(struct ztp_gate *gate, int64_t wall)
{
	const struct ztp_candidate_query query = {
		.which = ZTP_CANDIDATES_DUE,
		.limit = ZTP_PRUNE_ROWS,
		.now_ms = wall,
	};
	struct page *page = calloc(1, sizeof(*page));
	bool more;

	if (!page)
		return true;
	(void)ztp_candidates_list(gate->db, &query, collect, page, NULL);
	for (size_t i = 0; i < page->count; i++)
		end_one(gate, &page->found[i]);
	more = page->count == ZTP_PRUNE_ROWS;
	free(page);
	return more;
}

static bool prune(struct ztp_gate *gate, int64_t wall)
{
	bool more = prune_candidates(gate, wall);
	int deleted = ztp_devices_prune(gate->db, wall - DELETED_MS,
					ZTP_PRUNE_ROWS, NULL);
	int withdrawn = ztp_withdrawn_prune(gate->db, wall - DELETED_MS,
					    ZTP_PRUNE_ROWS, NULL);

	return more || deleted == ZTP_PRUNE_ROWS || withdrawn == ZTP_PRUNE_ROWS;
}

void ztp_prune_tick(struct ztp_gate *gate, int64_t now_ms)
{
	if (now_ms >= gate->next_prune)
		gate->next_prune =
			now_ms +
			(prune(gate, ztp_clock_wall()) ? SECOND : HOUR);
}
