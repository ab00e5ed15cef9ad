/* Commands on candidates, and getInfo. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_tree.h"
#include "gate/candidates.h"
#include "gate/control.h"
#include "gate/ending.h"
#include "gate/withdrawn.h"
#include "ztp/code.h"
#include "ztp/member.h"

static void describe(cJSON *object, struct ztp_gate *gate,
		     const struct ztp_candidate *candidate)
{
	ztp_tree_put_text(object, ZTP_M_REQUEST_ID, candidate->id);
	ztp_tree_put_text(object, ZTP_M_DEVICE_PATH, candidate->path);
	ztp_tree_put_sha256(object, ZTP_M_FINGERPRINT, candidate->fingerprint);
	ztp_tree_put_sha256(object, ZTP_M_CA, candidate->ca);
	ztp_tree_put_time(object, ZTP_M_RECEIVED_AT, candidate->received_at);
	ztp_tree_put_number(object, ZTP_M_ATTEMPT, (double)candidate->attempt);
	ztp_tree_put_text(object, ZTP_M_REMOTE_ADDR, candidate->remote_addr);
	ztp_tree_put_bool(object, ZTP_M_ACKED, candidate->acked);
	ztp_control_describe_live(object, gate, candidate->path,
				  candidate->spki_sha256);
}

static bool list_one(const struct ztp_candidate *candidate, void *arg)
{
	struct ztp_page *page = arg;
	cJSON *row = ztp_page_row(page, candidate->id);

	if (row)
		describe(row, page->gate, candidate);
	return row != NULL;
}

void ztp_control_list_pending(struct ztp_gate *gate, const cJSON *in,
			      struct ztp_reply *reply)
{
	struct ztp_candidate_query query = {.which = ZTP_CANDIDATES_ALL};
	struct ztp_error error = {0};
	struct ztp_page page;

	if (!ztp_page_begin(&page, gate, in, ZTP_M_PENDING, reply) ||
	    !ztp_page_registry(&page, in, reply))
		return;
	if (page.registry) {
		query.which = ZTP_CANDIDATES_REGISTRY;
		query.of = page.registry->name;
	}
	query.after = page.after;
	query.limit = page.limit + 1;
	if (ztp_candidates_list(gate->db, &query, list_one, &page, &error) != 0)
		(void)ztp_reply_error(reply, &error);
	else
		ztp_page_end(&page, reply);
}

/* How many have been acknowledged: of candidates, of their withdrawals, and ids
 * of either. */
struct acks {
	int64_t pending, withdrawn, ids;
};

/* Ends the offering of a candidate or of its withdrawal. */
static int acknowledge(struct ztp_gate *gate, struct acks *acks, const char *id,
		       struct ztp_error *error)
{
	int pending = ztp_candidates_ack(gate->db, id, error);
	int withdrawn =
		pending < 0 ? pending : ztp_withdrawn_ack(gate->db, id, error);

	if (withdrawn < 0)
		return withdrawn;
	acks->pending += pending;
	acks->withdrawn += withdrawn;
	acks->ids += pending > 0 || withdrawn > 0;
	return 0;
}

/* The whole list is checked before anything of it has an effect. */
static bool read_ids(const cJSON **ids, const cJSON *in,
		     struct ztp_reply *reply)
{
	const cJSON *id;

	*ids = cJSON_GetObjectItemCaseSensitive(in, ZTP_M_REQUEST_IDS);
	if (!cJSON_IsArray(*ids) ||
	    cJSON_GetArraySize(*ids) > ZTP_CONTROL_ACKS_MAX)
		return ztp_reply_fail(reply, ZTP_CODE_INVALID_ARGUMENT,
				      "request_ids is not a list of at most %d",
				      ZTP_CONTROL_ACKS_MAX);
	for (id = (*ids)->child; id; id = id->next)
		if (!cJSON_IsString(id))
			return ztp_reply_fail(reply, ZTP_CODE_INVALID_ARGUMENT,
					      "request_ids contains something "
					      "other than strings");
	return true;
}

void ztp_control_ack_pending(struct ztp_gate *gate, const cJSON *in,
			     struct ztp_reply *reply)
{
	struct ztp_error error = {0};
	struct acks acks = {0};
	const cJSON *ids, *id;

	if (!read_ids(&ids, in, reply))
		return;
	for (id = ids->child; id; id = id->next) {
		if (acknowledge(gate, &acks, id->valuestring, &error) != 0) {
			(void)ztp_reply_error(reply, &error);
			return;
		}
	}
	if (!ztp_control_commit(gate, reply))
		return;
	if (acks.pending > 0)
		ztp_round_acked(&gate->offers.round, ztp_clock_boot());
	if (acks.withdrawn > 0)
		ztp_round_acked(&gate->withdrawals, ztp_clock_boot());
	ztp_tree_put_number(reply->data, ZTP_M_ACKED, (double)acks.ids);
}

/* ---- rejectPending */

/* Which candidates are meant: one by its id, or all of a path. */
static bool which(enum ztp_candidate_list *list, const char **of,
		  const cJSON *in, struct ztp_reply *reply)
{
	struct ztp_path path;

	if (!ztp_control_string(of, in, ZTP_M_REQUEST_ID, ZTP_REQUEST_ID_MAX,
				false, reply))
		return false;
	*list = ZTP_CANDIDATES_ID;
	if (*of)
		return true;
	if (!ztp_control_path(&path, in, reply))
		return false;
	*list = ZTP_CANDIDATES_PATH;
	*of = path.whole.p;
	return true;
}

/* An operator's word. Unlike rejectDevice, which the bridge sends for a request
 * that has ended, it is news to the bridge. */
void ztp_control_reject_pending(struct ztp_gate *gate, const cJSON *in,
				struct ztp_reply *reply)
{
	struct ztp_ending ending = {.gate = gate, .reason = ZTP_WHY_REJECTED};
	struct ztp_error error = {0};
	enum ztp_candidate_list list;
	const char *of;

	if (!which(&list, &of, in, reply) ||
	    !ztp_control_retry_at(&ending.retry_at, gate, in, reply))
		return;
	if (ztp_ending_list(&ending, list, of, &error) != 0) {
		(void)ztp_reply_error(reply, &error);
	} else if (ending.count == 0) {
		(void)ztp_reply_fail(reply, ZTP_CODE_NOT_FOUND,
				     "nothing is pending for %.200s", of);
	} else if (ztp_control_commit(gate, reply)) {
		ztp_ending_describe(&ending, reply->data);
		ztp_ending_finish(&ending);
		ztp_control_note(gate, ZTP_AUDIT_REFUSED, ZTP_WHY_REJECTED,
				 list == ZTP_CANDIDATES_PATH ? of : NULL, NULL,
				 list == ZTP_CANDIDATES_ID ? of : NULL);
	}
	ztp_ending_clear(&ending);
}

static void put_topic(cJSON *data, const char *name, const char *topic,
		      bool apart)
{
	char text[sizeof(ZTP_MQTT_SUBSCRIBED ZTP_MQTT_APART) + 16];

	(void)snprintf(text, sizeof(text), "%s%s", topic,
		       apart ? ZTP_MQTT_APART : "");
	ztp_tree_put_text(data, name, text);
}

static bool keep_age(const struct ztp_candidate *candidate, void *arg)
{
	int64_t *age_ms = arg;

	*age_ms = ztp_clock_wall() - candidate->received_at;
	return false;
}

/* Of the event that no bridge has taken for longest, in s; 0: there is none. */
static int64_t oldest_unacknowledged(struct ztp_gate *gate)
{
	const struct ztp_candidate_query query = {
		.which = ZTP_CANDIDATES_OFFERED, .limit = 1};
	int64_t age_ms = 0;

	(void)ztp_candidates_list(gate->db, &query, keep_age, &age_ms, NULL);
	return age_ms > 0 ? age_ms / 1000 : 0;
}

void ztp_control_get_info(struct ztp_gate *gate, const cJSON *in,
			  struct ztp_reply *reply)
{
	const struct ztp_options *options = &gate->options;
	int64_t devices = 0, candidates = 0;
	int64_t now = ztp_clock_boot();
	struct ztp_error error = {0};
	cJSON *data = reply->data;

	if (ztp_cells_hear(&gate->cells, in, now, &error) != 0) {
		(void)ztp_reply_error(reply, &error);
		return;
	}
	ztp_registries_sum(gate->registries, &devices, &candidates);
	ztp_tree_put_text(data, ZTP_M_VERSION, ZTP_VERSION);
	ztp_tree_put_text(data, ZTP_M_COMMAND_TOPIC, options->command_topic);
	put_topic(data, ZTP_M_PENDING_TOPIC, ZTP_MQTT_PENDING,
		  options->pending_apart);
	put_topic(data, ZTP_M_SUBSCRIBED_TOPIC, ZTP_MQTT_SUBSCRIBED,
		  options->subscribed_apart);
	ztp_tree_put_text(data, ZTP_M_AUDITS_TOPIC, ZTP_MQTT_AUDITS);
	ztp_tree_put_text(data, ZTP_M_PENDING_MODE,
			  options->hold ? ZTP_MODE_HOLD : ZTP_MODE_REFUSE);
	ztp_tree_put_number(data, ZTP_M_RETRY_AFTER,
			    (double)options->retry_after_s);
	ztp_tree_put_number(data, ZTP_M_MAX_COMMANDS, ZTP_CONTROL_COMMANDS_MAX);
	ztp_tree_put_number(data, ZTP_M_MAX_BYTES, ZTP_CONTROL_MESSAGE_MAX);
	ztp_tree_put_number(data, ZTP_M_REGISTRIES,
			    (double)ztp_registries_count(gate->registries));
	ztp_tree_put_number(data, ZTP_M_DEVICES, (double)devices);
	ztp_tree_put_number(data, ZTP_M_PENDING, (double)candidates);
	ztp_tree_put_number(data, ZTP_M_OLDEST_UNACKED,
			    (double)oldest_unacknowledged(gate));
	ztp_tree_put_time(data, ZTP_M_NOW, ztp_clock_wall());
	ztp_cells_tell(&gate->cells, data, now);
}
