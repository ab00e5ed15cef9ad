/*
 * Candidates are offered in rounds through the journal, in the order of their
 * ids, one page per turn of the loop. So a journal of 100,000 neither fills a
 * queue at once nor holds up the broker. A round begins at start, when an
 * operator subscribes to the topic, and at an interval. The interval doubles as
 * long as nothing is acknowledged and nothing is new.
 *
 * A new candidate does not wait for a round: it is offered by its id as soon as
 * it has been committed.
 */
#include "gate/pending.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_tree.h"
#include "gate/candidates.h"
#include "gate/publish.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"

#define PAGE	     100
#define INTERVAL_MIN (10 * 1000LL)
#define INTERVAL_MAX (5 * 60 * 1000LL)

void ztp_pending_start(struct ztp_gate *gate)
{
	gate->offers.interval_ms = INTERVAL_MIN;
	gate->offers.due_at = 0;
}

void ztp_pending_listener(struct ztp_gate *gate)
{
	gate->offers.interval_ms = INTERVAL_MIN;
	gate->offers.due_at = 0;
	gate->offers.in_round = false;
}

void ztp_pending_fresh(struct ztp_gate *gate, const char *id)
{
	struct ztp_offers *offers = &gate->offers;

	offers->interval_ms = INTERVAL_MIN;
	if (offers->due_at > ztp_clock_boot() + INTERVAL_MIN)
		offers->due_at = ztp_clock_boot() + INTERVAL_MIN;
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
		cJSON_AddStringToObject(object, ZTP_M_REMOTE_ADDR,
					candidate->remote_addr);
	return object;
}

struct page {
	struct ztp_offers *offers;
	size_t count;
};

static bool offer(const struct ztp_candidate *candidate, void *arg)
{
	struct page *page = arg;

	if (page->offers)
		memcpy(page->offers->cursor, candidate->id,
		       sizeof(candidate->id));
	page->count++;
	(void)ztp_publish_json(NULL, ZTP_MQTT_PENDING, event(candidate), 1,
			       NULL);
	return true;
}

/* Offers the next page after the cursor. False at the end, or on an error;
 * after the interval it is tried again. */
static bool offer_page(struct ztp_gate *gate)
{
	const struct ztp_candidate_query query = {
		.which = ZTP_CANDIDATES_OFFERED,
		.after = gate->offers.cursor,
		.limit = PAGE,
	};
	struct page page = {&gate->offers, 0};
	struct ztp_error error = {0};
	int rc = ztp_candidates_list(gate->db, &query, offer, &page, &error);

	return rc == 0 && page.count == PAGE;
}

static void begin_round(struct ztp_offers *offers)
{
	offers->in_round = true;
	offers->acked = false;
	offers->cursor[0] = '\0';
}

static void end_round(struct ztp_offers *offers, int64_t now_ms)
{
	offers->in_round = false;
	offers->due_at = now_ms + offers->interval_ms;
	if (offers->acked)
		offers->interval_ms = INTERVAL_MIN;
	else if (offers->interval_ms < INTERVAL_MAX / 2)
		offers->interval_ms *= 2;
	else
		offers->interval_ms = INTERVAL_MAX;
}

static void offer_fresh(struct ztp_gate *gate)
{
	struct ztp_offers *offers = &gate->offers;
	struct page page = {NULL, 0};

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

	if (!offers->in_round && now_ms >= offers->due_at) {
		begin_round(offers);
		offers->fresh_count = 0; /* the round offers them */
	}
	offer_fresh(gate);
	if (offers->in_round && !offer_page(gate))
		end_round(offers, now_ms);
}
