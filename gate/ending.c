#include "gate/ending.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_tree.h"
#include "gate/rejections.h"
#include "gate/withdrawn.h"
#include "ztp/member.h"

struct page {
	struct ztp_candidate found[ZTP_ENDING_PAGE];
	size_t count;
};

static bool collect(const struct ztp_candidate *candidate, void *arg)
{
	struct page *page = arg;

	page->found[page->count++] = *candidate;
	return page->count < ZTP_ENDING_PAGE;
}

static bool is_meant(const struct ztp_ending *ending,
		     const struct ztp_candidate *candidate)
{
	if (candidate->rejected)
		return false;
	return !ending->identity ||
	       memcmp(candidate->identity, ending->identity, ZTP_SHA256_LEN) ==
		       0;
}

static int note_session(struct ztp_ending *ending,
			const struct ztp_candidate *candidate,
			struct ztp_error *error)
{
	struct ztp_session *session =
		ztp_sessions_by_path(ending->gate->sessions, candidate->path);

	if (session && session->right == ZTP_RIGHT_HELD &&
	    memcmp(session->fingerprint, candidate->fingerprint,
		   ZTP_SHA256_LEN) == 0 &&
	    ztp_client_list_add(&ending->sessions, session->client) != 0)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	return 0;
}

static int end_one(struct ztp_ending *ending,
		   const struct ztp_candidate *candidate,
		   struct ztp_error *error)
{
	struct ztp_gate *gate = ending->gate;
	struct ztp_registry *registry = NULL;
	struct ztp_path path;
	int rc = note_session(ending, candidate, error);

	if (ztp_path_parse(&path, candidate->path, strlen(candidate->path),
			   NULL) == 0)
		registry = ztp_registries_of(gate->registries, &path);
	if (rc == 0 && ending->retry_at)
		rc = ztp_rejections_add(gate, registry, candidate,
					ending->retry_at, error);
	else if (rc == 0)
		rc = ztp_candidates_delete(gate->db, registry, candidate,
					   error);
	if (rc == 0)
		rc = ztp_withdrawn_add(gate->db, candidate, ending->reason,
				       ztp_clock_wall(), error);
	ending->count += rc == 0;
	return rc;
}

int ztp_ending_page(struct ztp_ending *ending,
		    const struct ztp_candidate_query *query,
		    char last[ZTP_UUID_LEN], struct ztp_error *error)
{
	struct page *page = calloc(1, sizeof(*page));
	int rc;

	if (!page)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	rc = ztp_candidates_list(ending->gate->db, query, collect, page, error);
	for (size_t i = 0; rc == 0 && i < page->count; i++) {
		if (last)
			memcpy(last, page->found[i].id, ZTP_UUID_LEN);
		if (is_meant(ending, &page->found[i]))
			rc = end_one(ending, &page->found[i], error);
	}
	if (rc == 0)
		rc = (int)page->count;
	free(page);
	return rc;
}

int ztp_ending_list(struct ztp_ending *ending, enum ztp_candidate_list which,
		    const char *of, struct ztp_error *error)
{
	char cursor[ZTP_UUID_LEN] = "";
	const struct ztp_candidate_query query = {
		.which = which,
		.of = of,
		.after = cursor,
		.limit = ZTP_ENDING_PAGE,
	};
	int found;

	do {
		found = ztp_ending_page(ending, &query, cursor, error);
	} while (found == ZTP_ENDING_PAGE);
	return found < 0 ? found : 0;
}

int ztp_ending_joined(struct ztp_gate *gate, const char *path,
		      const char *reason, struct ztp_error *error)
{
	struct ztp_ending ending = {.gate = gate, .reason = reason};
	int rc = ztp_ending_list(&ending, ZTP_CANDIDATES_PATH, path, error);

	if (ending.count > 0)
		ztp_round_now(&gate->withdrawals);
	ztp_ending_clear(&ending);
	return rc;
}

static void end_session(struct ztp_ending *ending, struct ztp_session *session)
{
	ztp_control_note(ending->gate, ZTP_AUDIT_ENDED, ending->reason,
			 session->path, session->fingerprint,
			 session->request_id);
	if (session->live)
		ztp_gate_end_later(ending->gate, session);
	else
		ztp_gate_end_now(ending->gate, session);
}

void ztp_ending_finish(struct ztp_ending *ending)
{
	for (size_t i = 0; i < ending->sessions.count; i++) {
		struct ztp_session *session = ztp_sessions_by_client(
			ending->gate->sessions, ending->sessions.clients[i]);

		if (session)
			end_session(ending, session);
	}
	if (ending->count == 0)
		return;
	if (ending->in_turns && ending->gate->withdrawals.running)
		ztp_round_soon(&ending->gate->withdrawals, ztp_clock_boot());
	else
		ztp_round_now(&ending->gate->withdrawals);
}

void ztp_ending_describe(const struct ztp_ending *ending, cJSON *data)
{
	ztp_tree_put_number(data, ZTP_M_ENDED, (double)ending->count);
	ztp_tree_put_number(data, ZTP_M_SESSIONS,
			    (double)ending->sessions.count);
}

void ztp_ending_clear(struct ztp_ending *ending)
{
	ztp_client_list_clear(&ending->sessions);
}
