/*
 * bridge/registrar/registrar_internal.h - shared by registrar.c (the
 * connection), registrar_batch.c (the commands), registrar_ask.c (the
 * questions) and registrar_answers.c (the answers).
 */
#ifndef BRIDGE_REGISTRAR_REGISTRAR_INTERNAL_H
#define BRIDGE_REGISTRAR_REGISTRAR_INTERNAL_H

#include "bridge/core/row_set.h"
#include "bridge/registrar/control.h"
#include "bridge/registrar/gate_writes.h"
#include "bridge/registrar/latency.h"
#include "bridge/registrar/registrar.h"
#include "ztp/retry.h"

#define REGISTRAR_WINDOW	 128
#define REGISTRAR_ANSWER_MS	 5000 /* then the command is sent again */
#define REGISTRAR_SUBSCRIBED_MAX 1024
#define REGISTRAR_PAGE		 32 /* commands per message */
#define REGISTRAR_HALVES	 8  /* 2 to the power of these > PAGE */
/* Of a command: its name, members and fingerprint. */
#define REGISTRAR_OVERHEAD 256

struct op {
	int64_t n; /* row number; 0: this op is free */
	enum registrar_question kind;
	char correlation[CONTROL_CORRELATION];
	int64_t by;	 /* when the answer is overdue */
	bool done, lost; /* lost: done without an answer */
	struct control_answer answer;
};

/* Commands that go out at the end of this pump. */
struct registrar_batch {
	struct control_message message; /* begun when count > 0 */
	int count;
	size_t bytes; /* at most, of its text */
};

struct id_list {
	char (*ids)[ZTP_REQUEST_ID_MAX + 1];
	size_t count;
};

struct registrar {
	struct core *core;
	struct store *store;
	struct mqtt_out *mqtt_out;
	struct mqtt_out_user user;
	char mark[CONTROL_MARK]; /* our correlationData begins with it */
	char *told;		 /* topics, see registrar_topics.c */
	size_t told_count;
	struct op ops[REGISTRAR_WINDOW];
	int busy;
	struct row_set commanded; /* the rows of ops but REGISTRAR_ASK_DEVICE */
	struct latency latency;
	struct gate_writes writes;
	bool writes_told;
	struct log_limit not_written;
	struct registrar_batch batch;
	struct registrar_subscription
		*subscribed; /* up to REGISTRAR_SUBSCRIBED_MAX */
	size_t subscribed_count;
	struct id_list staged, acks; /* up to ACKS_MAX each */
	int64_t acks_by;	     /* then they go out, if there are any */
	bool connected, informed, agrees, denied;
	bool absent; /* the store's knowledge of connected devices is old */
	int64_t next_info;
	int64_t info_by; /* when its answer is overdue; 0: it is there */
	bool audits;	 /* it says its audit records in arrays */
	int64_t oldest_unacked_s; /* as the gate has said last */
	int64_t hold_until;	  /* refused by the gate: send nothing before */
	bool asking;	   /* more waiting devices must be asked about, */
	int64_t ask_after; /* those after this row */
	/* The least row that the gate had no answer for; 0: none. When it is
	 * asked again, and how often it was. */
	int64_t later_n;
	struct ztp_retry later;
	/* How much one message holds (registrar_ask.c). */
	size_t bytes, bytes_max;
	int page, page_max; /* questions */
	bool later_planned;
	bool one_at_a_time; /* messages: an answer was too large to be read */
	bool asked;	    /* the last message has caused no trouble yet */
};

/* Called when the connection is established, and when it is lost. */
void registrar_connected(struct registrar *registrar);
void registrar_disconnected(struct registrar *registrar);
/* The gate refused a publish with this reason code. */
void registrar_denied(struct registrar *registrar, int reason_code);
void registrar_log_denied(const struct registrar *registrar, int reason_code);
/* Nothing is sent for a while, and then getInfo first. */
void registrar_hold(struct registrar *registrar);

/* --- registrar_topics.c */

int registrar_topics_new(struct registrar *registrar);
/* Returns 0 or a MOSQ_ERR_* code. */
int registrar_topics_subscribe(struct registrar *registrar);
bool registrar_topics_is_subscribed(const char *topic);
/* info: what the gate says of itself. */
void registrar_topics_check(struct registrar *registrar, const cJSON *info);

/* --- registrar_ops.c. new: NULL if too many wait. correlate: is_ours knows it
 * again, also in an answer that other bridges read. */

void registrar_name(struct registrar *registrar);
void registrar_correlate(char out[CONTROL_CORRELATION],
			 const struct registrar *registrar, const char *what,
			 const char *id);
bool registrar_is_ours(const struct registrar *registrar,
		       const char *correlation);
/* Of an answer that cannot be read: is one of ours among what it answers? All
 * operators' answers go to one topic, and all bridges' to one gate. */
bool registrar_holds_ours(const struct registrar *g, const char *text,
			  size_t len);

void registrar_free_op(struct registrar *registrar, struct op *op);
struct op *registrar_new_op(struct registrar *registrar, int64_t n,
			    enum registrar_question kind, const char *id);
/* The answer came after its op had been given up, and what was to be done is still
 * owed: an op for it, NULL if there is none. */
struct op *registrar_late_op(struct registrar *registrar,
			     const char *correlation);

/* --- registrar_ask.c: messages of many commands */

/* What the gate accepts in one message; 0: it does not say. */
void registrar_bounds(struct registrar *registrar, int64_t max_commands,
		      int64_t max_bytes);
/* Sends what may be sent now. */
void registrar_ask_waiting(struct registrar *registrar);
/* After answers were applied: when is it asked again, if it is? */
void registrar_ask_settle(struct registrar *registrar);
/* The steady time at which what had no answer is asked again; 0: not yet, or
 * there is nothing. */
int64_t registrar_ask_next(const struct registrar *registrar);
/* A new connection, or as good as one: everything is asked. */
void registrar_ask_all(struct registrar *registrar);
void registrar_send_acks(struct registrar *registrar);
/* An answer was too large to be read, or the connection was lost. */
void registrar_split(struct registrar *registrar);
void registrar_shorten(struct registrar *registrar);

#endif
