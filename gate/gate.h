/*
 * gate/gate.h - the state of the gate, which its parts share. Everything runs
 * on the broker's one thread, except gate/writer.c.
 */
#ifndef ZTP_GATE_GATE_H
#define ZTP_GATE_GATE_H

#include "gate/audit_list.h"
#include "gate/cells.h"
#include "gate/db.h"
#include "gate/effort.h"
#include "gate/lists.h"
#include "gate/log.h"
#include "gate/options.h"
#include "gate/recent.h"
#include "gate/registries.h"
#include "gate/round.h"
#include "gate/sessions.h"
#include "gate/throttle.h"

struct ztp_client_list {
	const struct mosquitto **clients; /* owned */
	size_t count, capacity;
};

/* The state of offering candidates on ztp/v1/pending; see gate/pending.c. */
struct ztp_offers {
	struct ztp_round round;
	char (*fresh)[ZTP_UUID_LEN]; /* owned; offered by the next tick */
	size_t fresh_count, fresh_capacity;
};

/* Candidates that end with their CA or registry, page by page; see
 * gate/sweeps.h. */
struct ztp_sweeps {
	struct ztp_sweep *all; /* owned; the first is being swept */
	size_t count;
	int64_t next;  /* CLOCK_BOOTTIME; after an error */
	uint64_t last; /* the commit of the last page */
	int64_t spent; /* rows of pages since the last turn */
};

/* What is told once it is durable; see gate/outbox.h. */
struct ztp_outbox {
	struct ztp_message *first, *last; /* owned */
	size_t count;
	long printed; /* bytes of answers in this turn */
};

/* For telling wills from other publishes, which the broker does not do; see
 * gate/wills.c. */
#define ZTP_GONE_MAX 1024
struct ztp_wills {
	uint64_t arriving_id; /* hash; 0: the last event was not a CONNECT */
	const struct mosquitto *arriving;
	const struct mosquitto *gone[ZTP_GONE_MAX]; /* ring of operators */
	size_t next;
};

/* Messages of commands that wait for their turn; see gate/control_queue.c. */
struct ztp_commands {
	struct ztp_asked *first,
		*last; /* owned; the first one is being executed */
	size_t bytes;
	int64_t spent_us; /* of this turn */
};

struct mosquitto_plugin_id_t; /* the broker's */

struct ztp_gate {
	struct mosquitto_plugin_id_t *id;
	struct ztp_options options;
	struct ztp_db *db;
	struct ztp_registries *registries;
	struct ztp_topics *topics; /* see gate/topics.h */
	struct ztp_sessions *sessions;
	struct ztp_effort *effort;    /* for whom keys are verified */
	struct ztp_recent *verified;  /* see gate/verified.h */
	struct ztp_throttle *audit;   /* audit records by address */
	struct ztp_throttle *answers; /* of devices, by path */
	struct ztp_throttle *tells;   /* of subscriptions, by path */
	struct ztp_audit_list audit_list;
	struct ztp_bucket audit_refused; /* those of refusals, together */
	uint64_t audit_left_out;	 /* by the line above */
	struct ztp_log_limit log_limit;
	struct ztp_lists lists;		/* of operators */
	struct ztp_client_list touched; /* sessions that TICK looks at */
	struct ztp_client_list kicks;	/* sessions that TICK ends */
	struct ztp_client_list over;	/* those whose entries TICK removes */
	struct ztp_client_list hanging; /* on what is not durable yet */
	bool hanging_unlisted;		/* it had no room for all */
	struct ztp_commands commands;
	struct ztp_outbox outbox;
	struct ztp_offers offers;
	struct ztp_sweeps sweeps;
	struct ztp_cells cells;	      /* the bridges that have asked lately */
	struct ztp_round withdrawals; /* see gate/withdrawn.h */
	struct ztp_wills wills;
	int64_t started_at, saved_at; /* see gate/stored.h */
	bool tells_offline;  /* the broker has CLIENT_OFFLINE: Mosquitto 2.1 */
	uint64_t losses;     /* how often something written was lost */
	bool stale;	     /* memory does not agree with the database */
	bool failed;	     /* the database must be opened again */
	bool reloading;	     /* after SIGHUP: the broker repeats BASIC_AUTH */
	bool ticked;	     /* TICK has been called */
	bool sent;	     /* something was published in this turn */
	bool untold;	     /* a session must be told something again */
	bool unended;	     /* sessions that did not fit in kicks */
	int64_t first_auth;  /* CLOCK_BOOTTIME; 0: not yet */
	int64_t next_expiry; /* CLOCK_BOOTTIME; when the first session ends */
	int64_t next_second, next_prune;
};

/* Appends the client, but not twice in a row. Returns 0 or ZTP_ERR_NOMEM. */
int ztp_client_list_add(struct ztp_client_list *list,
			const struct mosquitto *client);
void ztp_client_list_clear(struct ztp_client_list *list);

/* TICK will look at the session. Returns 0 or ZTP_ERR_NOMEM. */
int ztp_gate_touch(struct ztp_gate *gate, struct ztp_session *session);

/* The session hangs on all that has been written until now. */
void ztp_gate_hang(struct ztp_gate *gate, struct ztp_session *session);
/* Those hang on nothing any more whose commits are durable, and what these have
 * changed in memory is not to be taken back any more. */
void ztp_gate_unhang(struct ztp_gate *gate);

/* Logs an error that may come again and again, within the gate's limit. */
void ztp_gate_trouble(struct ztp_gate *gate, const struct ztp_error *error);

/* What is written from here on can be undone alone (ztp_db_mark). */
void ztp_gate_mark(struct ztp_gate *gate);
/* Rolls back, and makes memory agree with the database again. What hangs on
 * that transaction ends, but for sessions of which all is stored: others' writes
 * are lost, not theirs. */
void ztp_gate_rolled_back(struct ztp_gate *gate);
/* The same for what was written since ztp_gate_mark, alone. */
void ztp_gate_undo(struct ztp_gate *gate);
/* Commits what is written, or rolls it back. */
void ztp_gate_commit(struct ztp_gate *gate);
/* To be called before anything is done because of what has been written: while the
 * disk fails, it is committed now, so that nobody is let in or ended for what is
 * most likely lost. 0, or an error: it was rolled back. */
int ztp_gate_secure(struct ztp_gate *gate, struct ztp_error *error);
/* If the disk has failed: the same for all that is not durable. */
void ztp_gate_check_disk(struct ztp_gate *gate);
/* As long as memory does not agree with the database, no registry is known; and
 * when the database has failed, nothing of it. This tries to read it again. True:
 * all is well. */
bool ztp_gate_restore(struct ztp_gate *gate);

/* Closes a session's connection now. The broker calls DISCONNECT from within,
 * which may free the session. */
void ztp_gate_kick(struct ztp_session *session, bool with_will);
/* Ends a session: it has no rights from now on, and TICK closes its
 * connection. */
void ztp_gate_end_later(struct ztp_gate *gate, struct ztp_session *session);
/* Ends a session now, with its connection and its subscriptions at the broker.
 * The entry is gone afterwards. */
void ztp_gate_end_now(struct ztp_gate *gate, struct ztp_session *session);
/* Ends the sessions of other paths that share this path's command topic. The
 * topic belongs to a device now, and its messages are not for them. */
void ztp_gate_end_sharing(struct ztp_gate *gate, const struct ztp_path *path);
/* Ends the session of a path: a live one later, another one now. */
void ztp_gate_end_path(struct ztp_gate *gate, const char *path);

#endif
