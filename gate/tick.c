/*
 * The order matters: first the commit of what has been written, then the
 * messages, and last the kicks, which call back into this plugin. What is
 * durable by now goes out; the thread that makes it durable wakes the loop for
 * the next turn.
 *
 * 2.0 looks at its plugins after it has waited for sockets, and sends what they
 * have published before it waits again. 2.1 looks at them before the wait, and
 * sends it after the wait: up to 100 ms later if nobody says anything, and the
 * next step of a new device as well. So it is woken.
 */
#include "gate/tick.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "gate/address.h"
#include "gate/audit.h"
#include "gate/audit_list.h"
#include "gate/backlog.h"
#include "gate/broker_api.h"
#include "gate/control_queue.h"
#include "gate/devices.h"
#include "gate/log.h"
#include "gate/outbox.h"
#include "gate/pending.h"
#include "gate/prune.h"
#include "gate/publish.h"
#include "gate/sweep.h"
#include "gate/withdrawn.h"
#include "ztp/command.h"
#include "ztp/gate_protocol.h"

#define SECOND 1000LL

/* A session that the broker has handed over with its subscriptions. */
static void look_at_arrival(struct ztp_session *session)
{
	session->discard = false;
	if (!session->inherits)
		return;
	session->inherits = false;
	if (mosquitto_client_sub_count(session->client) == 0)
		return;
	session->by_name |= !session->had.known || session->had.by_name;
	session->by_tree |= session->had.by_tree;
	session->subscribed = session->by_name || session->by_tree;
	session->announce = session->subscribed;
}

/* A device is told of its onboarding when that is durable. */
static bool too_early(struct ztp_gate *gate, const struct ztp_session *session)
{
	return session->right == ZTP_RIGHT_DEVICE && session->greet &&
	       session->announce && session->subscribed &&
	       session->group > ztp_db_durable(gate->db);
}

static void tell(struct ztp_gate *gate, struct ztp_session *session)
{
	struct ztp_error error = {0};

	if (!session->announce || !session->subscribed)
		return;
	if (!ztp_throttle_take(gate->tells, session->path,
			       session->parts.whole.n, NULL,
			       ztp_clock_boot())) {
		gate->untold = true; /* a second later, once */
		return;
	}
	session->announce = false;
	if (!ztp_publish_subscribed(gate, session, false)) {
		session->announce = true;
		gate->untold = true;
		return;
	}
	if (session->right == ZTP_RIGHT_HELD)
		(void)ztp_publish_status(gate, session, ZTP_STATUS_PENDING);
	if (session->right != ZTP_RIGHT_DEVICE || !session->greet)
		return;
	/* A device is onboarded when it has been told so. */
	if (!ztp_publish_status(gate, session, ZTP_STATUS_APPROVED)) {
		session->announce = true;
		gate->untold = true;
		return;
	}
	session->greet = false;
	if (ztp_devices_set_greeted(gate->db, session->path, &error) != 0)
		ztp_gate_trouble(gate, &error); /* it will be sent once more */
}

static void look(struct ztp_gate *gate)
{
	size_t left = 0;

	for (size_t i = 0; i < gate->touched.count; i++) {
		const struct mosquitto *client = gate->touched.clients[i];
		struct ztp_session *session =
			ztp_sessions_by_client(gate->sessions, client);

		if (!session)
			continue;
		session->touched = false;
		if (!session->live || session->right == ZTP_RIGHT_NONE)
			continue;
		look_at_arrival(session);
		if (too_early(gate, session)) {
			session->touched = true;
			gate->touched.clients[left++] = client;
		} else {
			tell(gate, session);
		}
	}
	gate->touched.count = left;
}

/* A session that could not be told is told again a second later. */
static void touch(struct ztp_session *session, void *arg)
{
	struct ztp_gate *gate = arg;

	if (session->announce && ztp_gate_touch(gate, session) != 0)
		gate->untold = true;
}

static void tell_again(struct ztp_gate *gate)
{
	if (!gate->untold)
		return;
	gate->untold = false;
	ztp_sessions_each(gate->sessions, touch, gate);
}

/* What has no rights is to be ended (ztp_gate_end_later). */
static void end_one(struct ztp_session *session, void *arg)
{
	if (session->live && session->right == ZTP_RIGHT_NONE)
		ztp_gate_end_later(arg, session);
}

static void end_again(struct ztp_gate *gate)
{
	if (!gate->unended)
		return;
	gate->unended = false;
	ztp_sessions_each(gate->sessions, end_one, gate);
}

struct expiry {
	struct ztp_gate *gate;
	int64_t now, next;
};

static void expire_one(struct ztp_session *session, void *arg)
{
	struct expiry *expiry = arg;
	char address[ZTP_ADDRESS_MAX + 1];

	if (!session->live || session->right == ZTP_RIGHT_NONE)
		return;
	if (session->expires_at > expiry->now) {
		if (session->expires_at < expiry->next)
			expiry->next = session->expires_at;
		return;
	}
	session->leaving = true;
	if (ztp_client_list_add(&expiry->gate->kicks, session->client) != 0)
		expiry->next = expiry->now + SECOND;
	ztp_address_of(address, session->client);
	ztp_audit(expiry->gate,
		  &(struct ztp_audit){
			  .verdict = ZTP_AUDIT_ENDED,
			  .code = ztp_err_name(ZTP_ERR_PROOF_EXPIRED),
			  .path = session->path,
			  .fingerprint = session->fingerprint,
			  .remote_addr = address,
		  });
}

/* Looks at all sessions, but only when the first is due and at most once a
 * second: in a large fleet some JWT expires all the time. */
static void expire(struct ztp_gate *gate, int64_t now)
{
	struct expiry expiry = {gate, now, INT64_MAX};

	if (now < gate->next_expiry)
		return;
	ztp_sessions_each(gate->sessions, expire_one, &expiry);
	gate->next_expiry = expiry.next;
}

/* A session whose JWT has expired keeps its rights, and so its subscriptions
 * and its will. */
static void kick(struct ztp_gate *gate)
{
	for (size_t i = 0; i < gate->kicks.count; i++) {
		struct ztp_session *session = ztp_sessions_by_client(
			gate->sessions, gate->kicks.clients[i]);

		if (!session || !session->live)
			continue;
		if (session->right == ZTP_RIGHT_NONE) {
			ztp_gate_end_now(gate, session);
		} else if (session->leaving) { /* else: another client */
			ztp_gate_kick(session, true);
		}
	}
	gate->kicks.count = 0;
}

/* The broker has published their wills, or never will. */
static void forget(struct ztp_gate *gate)
{
	for (size_t i = 0; i < gate->over.count; i++) {
		struct ztp_session *session = ztp_sessions_by_client(
			gate->sessions, gate->over.clients[i]);

		if (session && session->over)
			ztp_sessions_remove(gate->sessions, session);
	}
	gate->over.count = 0;
}

int ztp_tick(int event, void *event_data, void *userdata)
{
	struct ztp_gate *gate = userdata;
	int64_t now = ztp_clock_boot();

	(void)event;
	(void)event_data;
	if (!gate->ticked && ztp_backlog_raise() > 0)
		ztp_gate_log(MOSQ_LOG_INFO, "listen backlog raised to %d",
			     ZTP_BACKLOG);
	gate->ticked = true;
	gate->sent = false;
	gate->reloading = false;
	forget(gate);
	ztp_prune_tick(gate, now);
	ztp_sweep_tick(gate, now);
	ztp_control_tick(gate);
	if (ztp_db_due(gate->db))
		ztp_gate_commit(gate);
	ztp_gate_check_disk(gate);
	ztp_gate_unhang(gate);
	ztp_proven_tick(ztp_effort_proven(gate->effort), gate->db,
			ztp_clock_wall(), now);
	look(gate);
	ztp_pending_tick(gate, now);
	ztp_withdrawn_tick(gate, now);
	ztp_outbox_tick(gate);
	if (now >= gate->next_second) {
		gate->next_second = now + SECOND;
		expire(gate, now);
		tell_again(gate);
		end_again(gate);
		(void)ztp_gate_restore(gate);
		ztp_audit_tick(gate, now);
		ztp_gate_log_tick(&gate->log_limit, now);
	}
	ztp_audit_list_flush(gate);
	kick(gate);
	if (gate->commands.first || (gate->sent && gate->tells_offline))
		ztp_db_wake(gate->db);
	return MOSQ_ERR_SUCCESS;
}
