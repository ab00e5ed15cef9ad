/*
 * ztp/gate.h - what the gate decides, without a broker around it: who may
 * read and write what, and what becomes of a connection (DESIGN section 9).
 * Pure; no allocation; any thread.
 */
#ifndef ZTP_GATE_H
#define ZTP_GATE_H

#include "ztp/path.h"

/* --- access control */

enum ztp_right {
	ZTP_RIGHT_NONE,	  /* ended: nothing at all */
	ZTP_RIGHT_HELD,	  /* proven, not decided: its own command topic */
	ZTP_RIGHT_DEVICE, /* provisioned */
};

enum ztp_access {
	ZTP_ACCESS_READ, /* a message on its way to a client */
	ZTP_ACCESS_WRITE,
	ZTP_ACCESS_WILL, /* a publish by a connection that is gone */
	ZTP_ACCESS_SUBSCRIBE,
	ZTP_ACCESS_UNSUBSCRIBE,
};

enum ztp_gate_answer { ZTP_GATE_DEFER, ZTP_GATE_ALLOW, ZTP_GATE_DENY };

/* The filter that covers every topic a template can render to and all below;
 * out holds ZTP_TOPIC_MAX + 1. The template has passed ztp_topic_check. */
void ztp_gate_command_filter(char *out, const char *template);

/* Can one topic match both filters? $share/{group}/ in front is skipped;
 * wildcards do not reach a first level that begins with '$'. */
bool ztp_gate_overlap(const char *filter, const char *other);

/* Below its own command topic (or that topic itself)? topic may be a filter. */
bool ztp_gate_is_command(const char *template, const struct ztp_path *path,
			 const char *topic);

/* Rule 1: a device's session. Never DEFER. */
enum ztp_gate_answer ztp_gate_device_access(enum ztp_right right,
					    const char *template,
					    const struct ztp_path *path,
					    enum ztp_access access,
					    const char *topic, bool retain);

/* Rules 2 and 3: everybody else. command_filter as made above. */
enum ztp_gate_answer ztp_gate_other_access(bool is_operator,
					   const char *command_filter,
					   enum ztp_access access,
					   const char *topic, bool retain);

/* --- admission */

enum ztp_onboarding {
	ZTP_ONBOARDING_OFF,
	ZTP_ONBOARDING_DIRECT,
	ZTP_ONBOARDING_CUSTOM,
};

const char *ztp_onboarding_name(enum ztp_onboarding onboarding);
bool ztp_onboarding_parse(enum ztp_onboarding *onboarding, const char *name);

enum ztp_admission {
	ZTP_ADMIT_REFUSE,  /* CONNECT is refused and that is that */
	ZTP_ADMIT_PROVE,   /* go on: the proof is worth its price */
	ZTP_ADMIT_CONNECT, /* a device that exists */
	ZTP_ADMIT_CREATE,  /* direct: created, and goes on as a device */
	ZTP_ADMIT_HOLD,	   /* custom: a candidate, held */
	ZTP_ADMIT_JOURNAL, /* custom: a candidate, but CONNECT is refused */
};

struct ztp_gate_limits {
	int64_t per_certificate, per_registry, per_path;
};

struct ztp_gate_facts {
	bool registry_known;
	enum ztp_onboarding onboarding;
	bool with_certificate; /* else username `unused` */
	bool device_known;
	bool device_blocked;
	bool same_certificate; /* as the known device's */
	bool topic_taken;      /* its command topic is another device's */
	/* from here on only looked at once the key is proven */
	bool live_other_key; /* the path has a session under another key */
	bool topic_watched;  /* another path's session has its command topic */
	bool cooling_down;   /* rejected, and its time is not up */
	bool candidate_known;
	bool hold; /* pending_mode */
	int64_t per_certificate, per_registry, per_path;
};

struct ztp_gate_verdict {
	enum ztp_admission admission;
	const char *code; /* machine code of the audit record; static */
};

/* Before the proof, from what costs nothing: REFUSE or PROVE. */
struct ztp_gate_verdict ztp_gate_knock(const struct ztp_gate_facts *facts);

/* After it: everything but PROVE. */
struct ztp_gate_verdict ztp_gate_admit(const struct ztp_gate_facts *facts,
				       const struct ztp_gate_limits *limits);

#endif
