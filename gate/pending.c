/*
 * Candidates are offered in rounds (gate/round.h) through the journal. A new
 * candidate does not wait for one: it is offered by its id in the next turn of
 * the loop. Both go out when they are durable (gate/outbox.h).
 */
#include "gate/pending.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_tree.h"
#include "gate/candidates.h"
#include "gate/outbox.h"
#include "gate/sweeps.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"

void ztp_pending_fresh(struct ztp_gate *gate, const char *id)
{
	struct ztp_offers *offers = &gate->offers;

	ztp_round_soon(&offers->round, ztp_clock_boot());
	if (offers->fresh_count == offers->fresh_capacity) {
		size_t capacity = offers->fresh_capacity * 2 + 16;
		void *grown = realloc(offers->fresh,
				      capacity * sizeof(*offers->fresh));

		if (!grown)
			return; /* the next round offers it */
		offers->fresh = grown;
		offers->fresh_capacity = capacity;
	}
	memcpy(offers->fresh[offers->fresh_count++], id, ZTP_UUID_LEN);
}

void ztp_pending_stop(struct ztp_gate *gate)
{
	free(gate->offers.fresh);
	gate->offers = (struct ztp_offers){0};
}

static bool fill(cJSON *object, const struct ztp_candidate *candidate)
{
	return cJSON_AddStringToObject(object, ZTP_M_REQUEST_ID,
				       candidate->id) &&
	       cJSON_AddStringToObject(object, ZTP_M_DEVICE_PATH,
				       candidate->path) &&
	       ztp_tree_add_base64(object, "certificate", candidate->der,
				   candidate->der_len) &&
	       ztp_tree_add_time(object, ZTP_M_RECEIVED_AT,
				 candidate->received_at) &&
	       cJSON_AddNumberToObject(object, ZTP_M_ATTEMPT,
				       (double)candidate->attempt);
}

/* Whole, or NULL: an event without a path would be a dead letter, and the
 * bridge acknowledges those. The next round offers it. */
static cJSON *event(const struct ztp_candidate *candidate)
{
	cJSON *object = cJSON_CreateObject();

	if (!object || !fill(object, candidate)) {
		cJSON_Delete(object);
		return NULL;
	}
	if (candidate->remote_addr[0])
		ztp_tree_put_text(object, ZTP_M_REMOTE_ADDR,
				  candidate->remote_addr);
	return object;
}

struct page {
	struct ztp_gate *gate;
	struct ztp_round *round; /* NULL: out of turn */
	size_t count;
};

/* Its withdrawal is told within seconds, and no customer is to be asked about
 * it in between. */
static bool is_ending(const struct ztp_gate *gate,
		      const struct ztp_candidate *candidate)
{
	struct ztp_path path;

	return gate->sweeps.count > 0 &&
	       ztp_path_parse(&path, candidate->path, strlen(candidate->path),
			      NULL) == 0 &&
	       ztp_sweeps_cover(gate, &path, candidate->ca);
}

static bool offer(const struct ztp_candidate *candidate, void *arg)
{
	struct page *page = arg;

	if (page->round)
		memcpy(page->round->cursor, candidate->id,
		       sizeof(candidate->id));
	page->count++;
	if (!is_ending(page->gate, candidate))
		(void)ztp_outbox_put(page->gate, ZTP_MQTT_PENDING,
				     event(candidate), 1);
	return true;
}

/* Offers the next page after the cursor. False at the end, or on an error;
 * after the interval it is tried again. */
static bool offer_page(struct ztp_gate *gate)
{
	const struct ztp_candidate_query query = {
		.which = ZTP_CANDIDATES_OFFERED,
		.after = gate->offers.round.cursor,
		.limit = ZTP_ROUND_PAGE,
	};
	struct page page = {gate, &gate->offers.round, 0};
	struct ztp_error error = {0};
	int rc = ztp_candidates_list(gate->db, &query, offer, &page, &error);

	return rc == 0 && page.count == ZTP_ROUND_PAGE;
}

static void offer_fresh(struct ztp_gate *gate)
{
	struct ztp_offers *offers = &gate->offers;
	struct page page = {gate, NULL, 0};

	for (size_t i = 0; i < offers->fresh_count; i++) {
		const struct ztp_candidate_query query = {
			.which = ZTP_CANDIDATES_ID,
			.of = offers->fresh[i],
			.limit = 1,
		};

		(void)ztp_candidates_list(gate->db, &query, offer, &page, NULL);
	}
	offers->fresh_count = 0;
}

void ztp_pending_tick(struct ztp_gate *gate, int64_t now_ms)
{
	struct ztp_offers *offers = &gate->offers;

	if (ztp_round_begin(&offers->round, now_ms))
		offers->fresh_count = 0; /* the round offers them */
	offer_fresh(gate);
	if (offers->round.running && !offer_page(gate))
		ztp_round_end(&offers->round, now_ms);
}
