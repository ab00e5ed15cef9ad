/*
 * ztp/contact.h - what the bridge hears from a device after its approval, as pure
 * functions: the device's own answer to its command, and its return with the
 * certificate (DESIGN sections 3 and 4). Nothing here knows of a store, a topic
 * or a clock. Any thread.
 */
#ifndef ZTP_CONTACT_H
#define ZTP_CONTACT_H

#include "ztp/life.h"

/* The last word of the device on its command. The numbers are stored on disk:
 * never renumber, only append. */
enum ztp_heard {
	ZTP_HEARD_NOTHING = 0,
	ZTP_HEARD_FAILED = 1, /* or an answer that cannot be read */
	ZTP_HEARD_APPLIED = 2
};

/* What is kept of a request's device. */
struct ztp_contact {
	enum ztp_heard heard;
	int64_t connection; /* on which it was told last; 0: not known */
	int resends;	    /* after its onboarding */
	int64_t resent_at;  /* ms, the last time; 0: never */
};

/* --- the device's answer */

enum ztp_on_answer {
	ZTP_ANSWER_IGNORED,	  /* it changes nothing */
	ZTP_ANSWER_ONBOARDED,	  /* the request ends, delivery: device */
	ZTP_ANSWER_UNDELIVERABLE, /* the request ends as undeliverable */
	/* The request ends as if the broker had taken the command, and then
	 * apply_failed follows. */
	ZTP_ANSWER_ONBOARDED_FAILED,
	ZTP_ANSWER_APPLIED,	 /* result: applied */
	ZTP_ANSWER_APPLY_FAILED, /* result: apply_failed */
};

struct ztp_answer_facts {
	enum ztp_state state;
	bool command_owed;    /* ztp_owed_is_command */
	bool must_answer;     /* delivery_ack: device */
	bool applied;	      /* else it failed, or cannot be read */
	enum ztp_heard heard; /* before this answer */
};

enum ztp_on_answer ztp_contact_answer(const struct ztp_answer_facts *facts);

/* Does it concern a request in this state at all? An answer that does not say
 * which request it is about is taken for the newest such request. */
bool ztp_contact_awaits(const struct ztp_answer_facts *facts);

/* --- a device that comes again, with a gate */

#define ZTP_RESENDS_MAX	  5	/* after the onboarding */
#define ZTP_RESEND_GAP_MS 60000 /* between two of them */

enum ztp_on_return {
	ZTP_RETURN_IGNORED,
	ZTP_RETURN_TOLD,   /* it is being told: remember the connection */
	ZTP_RETURN_RESEND, /* tell it again, not before *at (ms) */
};

struct ztp_return_facts {
	enum ztp_state state; /* of its newest request */
	bool command_owed;
	bool certificate; /* it came with its certificate */
	bool asked;	  /* an operator wants it told again */
	bool kept;	  /* its payload is kept */
	/* Its messages carry no request id (raw on MQTT 3.1.1), so it could not
	 * tell that it has had this one before. */
	bool anonymous;
	int64_t connection;	   /* the one it came on; 0: not known */
	int64_t now, delivered_at; /* ms */
};

enum ztp_on_return ztp_contact_return(const struct ztp_contact *contact,
				      const struct ztp_return_facts *facts,
				      int64_t *at);

/* Why it is not told again although an operator has asked for it: a string constant
 * for the log. NULL: there is no reason. */
const char *ztp_contact_why_not(const struct ztp_contact *contact,
				const struct ztp_return_facts *facts);

#endif
