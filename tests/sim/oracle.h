/*
 * tests/sim/oracle.h - what must hold whatever goes wrong (the invariants of
 * tests/fault/oracle.py):
 *
 *   lost       an event that the bridge acknowledged has no request, and no
 *              end without one, or no dead letter; a decision has no effect and
 *              no result; a record of the gate's is not in Kafka
 *   twice      a request ends twice, in two ways; a device is told two things,
 *              or is told again what it has applied
 *   order      the last result for a path is not the last that was made for it
 *   elsewhere  a request, command or result that is another device's
 *   wrong      an end that is not what the customer decided, or does not say by
 *              which decision; a command that is not what he gave; a dead
 *              letter of what can be read
 *   silence    expired, though the decision was in Kafka before the deadline;
 *              approved by a timeout, though nobody was asked in time
 *   leaked     a secret, a certificate or a payload where it must not be
 *   beside     a bridge that looked at its lease says something while another
 *              one serves (of several)
 *   stuck      something does not end
 */
#ifndef TESTS_SIM_ORACLE_H
#define TESTS_SIM_ORACLE_H

#include "tests/sim/cluster.h"

#define ORACLE_LETTERS 256

enum verdict { UNDECIDED, APPROVED, REJECTED };

struct asked {
	char id[132];
	int device;
	int64_t deadline; /* us of the world's time, as its record says */
	int64_t asked_at; /* us: when Kafka had its first record, for good */
	int64_t read_at;  /* us: when that could be read */
	int64_t told_at;  /* us: when the bridge was told of its place; or 0 */
	int64_t known_at; /* us: of several bridges one has said so; or 0 */
	enum verdict verdict;
	int64_t decided_at; /* us: when the first decision was in Kafka */
	int decided_in;	    /* its partition */
	int64_t decided_by; /* ... and offset */
	bool ever_approved; /* by any decision */
	bool unsure;	    /* of which decision the bridge has heard */
	bool forgotten;	    /* the bridge may never hear that it was asked */
	bool refused;	  /* as unknown, while such decisions were to be kept */
	bool unknown;	  /* a decision was, and its customer has been told */
	char outcome[24]; /* of the last result; "": still open */
	char ce_id[40];
	int64_t applied_at; /* us: when its device's word was in Kafka; or 0 */
	int times, told_approved, told_rejected;
	struct asked *next;
};

void oracle_begin(void);
/* The request of a record of ztp.requests; *first: it had none before. */
struct asked *oracle_request(const struct record *record, bool *first);
/* The same of one that is not committed yet. */
struct asked *oracle_foreseen(const struct record *record);
void oracle_result(const struct record *record);
/* True: it is for this device. */
bool oracle_command(const char *path, const char *payload, size_t len);
struct asked *oracle_find(const char *id);
void oracle_each(void (*visit)(struct asked *asked));
void oracle_approved_path(int device); /* so that others are in conflict */
/* What Kafka has said in the last seconds may never be heard: the bridge has
 * died, or its producer has. */
void oracle_unheard(void);
/* Its producer is told where Kafka has this record. */
void oracle_acknowledged(enum cluster_topic topic, const void *value, size_t n);

/* --- oracle_decisions.c: each decision has an effect, or an answer */

enum written {
	WROTE_NOTHING, /* yet: or in a transaction that is open */
	WROTE_DECISION,
	WROTE_ABORTED,	/* nobody may hear of it */
	WROTE_UNKNOWN,	/* for a request that was never made */
	WROTE_MISMATCH, /* another device's request */
	WROTE_RUBBISH	/* cannot be read */
};

/* What is, or is about to be, at this place of the decision topic. */
void oracle_wrote(int partition, int64_t offset, enum written what,
		  struct asked *asked, enum verdict verdict);
/* A result or a dead letter says that it is about this place. */
void oracle_answered(const char *outcome, struct asked *asked, int partition,
		     int64_t offset);
/* The topic is no more. */
void oracle_decisions_lost(void);
/* How many are without one, and a word about the first. */
int oracle_unanswered(char *text, size_t room);

/* --- oracle_letters.c: dead letters, and what goes by them */

void oracle_letter(int number, const char *text, size_t n);
void oracle_letter_owned(int tag);
void oracle_dead_letter(const struct record *record);
void oracle_audit(const struct record *record);
int oracle_undelivered(char *text, size_t room);
/* Dead letters of results that their topic did not take. */
int oracle_refused_results(void);
/* What must be nowhere but where it belongs. */
void oracle_scan(const char *where, const void *bytes, size_t n);
void oracle_scan_record(enum cluster_topic topic, const struct record *record);

/* --- oracle_group.c: of several bridges */

void oracle_group_begin(void);
/* Who is read_committed sees it. */
void oracle_group_committed(enum cluster_topic topic,
			    const struct record *record);
/* For how long has nobody said that he is active? us. */
int64_t oracle_group_silent(void);
int oracle_reigns(void); /* who said so last; -1: nobody yet */
/* The bridge whose code runs looks at its lease; says something to the broker, or
 * asks it for what came; becomes active, after one that has left, or has not. */
void oracle_looks(void);
/* This one has fenced all others; it was last a member of the group (us). */
void oracle_claims(int bridge);
int64_t world_member_seen(int bridge);
void oracle_speaks(void);
void oracle_takes_over(bool left);
/* Has each decision for an unknown id to be kept now? */
bool oracle_holds(void);
#define ORACLE_SILENT_US (10 * SIM_S) /* of one that says so once a second */

/* What is still open: how much, and a word about the first. */
int oracle_open(char *text, size_t room);

/* A text or number of a flat JSON object as the bridge writes it. */
bool oracle_text(const char *json, size_t n, const char *name, char *to,
		 size_t room);
int64_t oracle_number(const char *json, size_t n, const char *name); /* or -1 */
/* A header's text, "" when there is none. */
void oracle_header(const struct record *record, const char *name, char *to,
		   size_t room);

#endif
