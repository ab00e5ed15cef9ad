#include "bridge/life/withdrawal.h"

#include <stdio.h>
#include <string.h>

#include "bridge/life/moves.h"

/* A candidate has the id of its event, and so has its request, unless another
 * request had that id already or the event was merged into one. Such a request
 * stays until its deadline, or until createDevice is answered ABORTED. */
int withdrawal_apply(struct bridge *b, const struct journal_entry *e,
		     struct ztp_error *error)
{
	char message[ZTP_REASON_MAX + 64];
	struct store_request r;
	int rc = store_request_by_id(b->store, e->request_id, &r, error);

	if (rc <= 0 || strcmp(r.path, e->path) != 0 ||
	    !ztp_state_undecided(r.state)) {
		log_debug(b->core.log, "withdrawal_without_effect",
			  LOG_STR("request_id", e->request_id),
			  LOG_STR("device_path", e->path));
		return rc < 0 ? rc : 0;
	}
	snprintf(message, sizeof(message),
		 "the candidate was withdrawn at the gate%s%.*s",
		 e->text_len > 0 ? ": " : "", (int)e->text_len, e->text);
	return move_finish(b, &r, ZTP_STATE_WITHDRAWN, message, NULL, error);
}
