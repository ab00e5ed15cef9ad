/*
 * gate/gate.h - the gate of one broker: what its parts share. Everything runs
 * on the broker's one thread.
 */
#ifndef ZTP_GATE_GATE_H
#define ZTP_GATE_GATE_H

#include "gate/db.h"
#include "gate/options.h"
#include "gate/registries.h"
#include "gate/sessions.h"
#include "gate/throttle.h"

struct ztp_client_list {
	const struct mosquitto **clients; /* owned */
	size_t count, capacity;
};

/* Offering of candidates on ztp/v1/pending; gate/pending.c. */
struct ztp_offers {
	char cursor[ZTP_UUID_LEN]; /* the last id of this round, "" at start */
	bool in_round;
	bool acked;		     /* something was, since the round began */
	int64_t interval_ms;	     /* until the next round */
	int64_t due_at;		     /* CLOCK_BOOTTIME */
	char (*fresh)[ZTP_UUID_LEN]; /* owned; to offer after the commit */
	size_t fresh_count, fresh_capacity;
};

/* What the broker says nothing about: which publish is a will. gate/wills.c */
#define ZTP_GONE_MAX 1024
struct ztp_wills {
	uint64_t arriving_id; /* hash; 0: the last event was no CONNECT */
	const struct mosquitto *arriving;
	const struct mosquitto *gone[ZTP_GONE_MAX]; /* operators', a ring */
	size_t next;
};

struct mosquitto_plugin_id_t; /* the broker's */

struct ztp_gate {
	struct mosquitto_plugin_id_t *id;
	struct ztp_options options;
	struct ztp_db *db;
	struct ztp_registries *registries;
	struct ztp_sessions *sessions;
	struct ztp_throttle *failures; /* by address, path and username */
	struct ztp_throttle *failures_by_address;
	struct ztp_throttle *audit;	/* records by address */
	struct ztp_client_list touched; /* sessions for TICK to look at */
	struct ztp_client_list kicks;	/* sessions for TICK to end */
	struct ztp_client_list fresh;	/* held, candidate not committed yet */
	struct ztp_offers offers;
	struct ztp_wills wills;
	bool tells_offline;  /* CLIENT_OFFLINE exists: Mosquitto 2.1 */
	bool stale;	     /* memory could not follow the database */
	bool reloading;	     /* SIGHUP: BASIC_AUTH repeats itself */
	bool ticked;	     /* TICK works */
	int64_t first_auth;  /* CLOCK_BOOTTIME; 0: none yet */
	int64_t next_expiry; /* CLOCK_BOOTTIME of the first session to end */
	int64_t next_second, next_prune;
};

/* Appends, once. ZTP_ERR_NOMEM or 0. */
int ztp_client_list_add(struct ztp_client_list *list,
			const struct mosquitto *client);
void ztp_client_list_clear(struct ztp_client_list *list);

/* What could not be committed is not so: memory follows the database. */
void ztp_gate_rolled_back(struct ztp_gate *gate);
/* When memory could not follow, no registry is known and every device refused:
 * tries again. True: all is well. */
bool ztp_gate_restore(struct ztp_gate *gate);

/* Closes a session's connection now. The broker calls DISCONNECT back, which
 * may free the session. */
void ztp_gate_kick(struct ztp_session *session, bool with_will);
/* Ends a session: no rights from now on, its connection closed in TICK. */
void ztp_gate_end_later(struct ztp_gate *gate, struct ztp_session *session);
/* The same now, the broker's subscriptions of it removed; the entry is gone
 * afterwards. */
void ztp_gate_end_now(struct ztp_gate *gate, struct ztp_session *session);
/* The sessions of other paths that have this path's command topic, now: it is
 * a device's, and what comes next on it is not for them. */
void ztp_gate_end_sharing(struct ztp_gate *gate, const struct ztp_path *path);
/* Every session of a path, later. */
void ztp_gate_end_path(struct ztp_gate *gate, const char *path);

#endif
