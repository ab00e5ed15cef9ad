/*
 * ztp/gate.h - the gate's decisions, independent of the broker: who may read
 * and write which topics, and which connections are accepted (DESIGN section
 * 9). Pure; no allocation; any thread.
 */
#ifndef ZTP_GATE_H
#define ZTP_GATE_H

#include "ztp/path.h"

/* --- access control */

enum ztp_right {
	ZTP_RIGHT_NONE,	  /* the session has ended: no access */
	ZTP_RIGHT_HELD,	  /* key proven, not approved yet: command topic only */
	ZTP_RIGHT_DEVICE, /* provisioned */
};

enum ztp_access {
	ZTP_ACCESS_READ, /* delivery of a message to a client */
	ZTP_ACCESS_WRITE,
	ZTP_ACCESS_WILL, /* publication of a will */
	ZTP_ACCESS_SUBSCRIBE,
	ZTP_ACCESS_UNSUBSCRIBE,
};

enum ztp_gate_answer { ZTP_GATE_DEFER, ZTP_GATE_ALLOW, ZTP_GATE_DENY };

/* Makes the filter that matches every topic the template can render to, and all
 * topics below them. out has room for ZTP_TOPIC_MAX + 1. The template has
 * passed ztp_topic_check. */
void ztp_gate_command_filter(char *out, const char *template);

/* True when some topic matches both filters. A leading $share/{group}/ is
 * ignored. Wildcards do not match a first level that starts with '$'. */
bool ztp_gate_overlap(const char *filter, const char *other);

/* True for the device's command topic and everything below it; topic may be a
 * filter. */
bool ztp_gate_is_command(const char *template, const struct ztp_path *path,
			 const char *topic);

/* Rule 1, for the session of a device. Never returns DEFER. */
enum ztp_gate_answer ztp_gate_device_access(enum ztp_right right,
					    const char *template,
					    const struct ztp_path *path,
					    enum ztp_access access,
					    const char *topic, bool retain);

/* Rules 2 and 3, for everyone else. command_filter comes from
 * ztp_gate_command_filter. */
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
/* False for any other name, which leaves *onboarding alone. */
bool ztp_onboarding_parse(enum ztp_onboarding *onboarding, const char *name);

enum ztp_admission {
	ZTP_ADMIT_REFUSE,  /* refuse CONNECT */
	ZTP_ADMIT_PROVE,   /* go on and verify the proof */
	ZTP_ADMIT_CONNECT, /* an existing device */
	ZTP_ADMIT_CREATE,  /* direct onboarding: create the device */
	ZTP_ADMIT_HOLD,	   /* custom onboarding: record and hold it */
	ZTP_ADMIT_JOURNAL, /* custom onboarding: record it, refuse CONNECT */
};

/* How many devices and candidates there may be; per_path counts candidates. As many
 * rejections may be in force for a certificate and for a registry. */
struct ztp_gate_limits {
	int64_t per_certificate, per_registry, per_path;
};

struct ztp_gate_facts {
	bool registry_known;
	enum ztp_onboarding onboarding;
	bool with_certificate; /* otherwise the username is `unused` */
	bool device_known;
	bool device_blocked;
	bool same_certificate; /* as the known device's */
	bool topic_taken;      /* another device has its command topic */
	/* the rest is only used once the key has been proven */
	bool live_other_key; /* the path has a session with another key */
	bool topic_watched;  /* another path's session has its command topic */
	bool cooling_down;   /* rejected, and the cool-down has not passed */
	bool candidate_known;
	bool hold; /* pending_mode */
	/* devices and candidates that there are */
	int64_t per_certificate, per_registry, per_path;
	/* rejections that are in force */
	int64_t rejected_per_certificate, rejected_per_registry;
};

struct ztp_gate_verdict {
	enum ztp_admission admission;
	const char *code; /* for the audit record; a string constant */
};

/* Before the proof is verified, from facts that are cheap to get: REFUSE or
 * PROVE. */
struct ztp_gate_verdict ztp_gate_knock(const struct ztp_gate_facts *facts);

/* After the proof was verified: anything but PROVE. */
struct ztp_gate_verdict ztp_gate_admit(const struct ztp_gate_facts *facts,
				       const struct ztp_gate_limits *limits);

#endif
