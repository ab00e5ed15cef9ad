/*
 * gate/sessions.h - the devices' sessions as the gate knows them: by the
 * broker's client pointer and by path. Broker thread only.
 *
 * A pointer names a session only while the broker keeps that session. It is
 * certain while the connection is live: only then may it be followed. The end
 * of an offline session (its expiry) is told by no version of the broker, so
 * its pointer may be freed, and may come back as somebody else's: an offline
 * entry may let messages be queued for it, but it never authenticates
 * anybody. gate/auth.c has the events of each version.
 */
#ifndef ZTP_GATE_SESSIONS_H
#define ZTP_GATE_SESSIONS_H

#include "gate/map.h"
#include "ztp/gate.h"
#include "ztp/pending.h"

struct mosquitto;

struct ztp_session {
	const struct mosquitto *client; /* not live: to compare only */
	uint8_t spki_sha256[ZTP_SHA256_LEN];
	uint8_t fingerprint[ZTP_SHA256_LEN];
	uint8_t password[ZTP_SHA256_LEN]; /* its hash: SIGHUP shows it again */
	enum ztp_right right;
	bool live;
	bool subscribed;    /* to its command topic: one of the next two */
	bool by_name;	    /* the topic itself */
	bool by_tree;	    /* the topic and what is below */
	bool restored;	    /* from the broker's file: never connected */
	bool leaving;	    /* about to be ended: ACL checks are the kick's */
	bool discard;	    /* what is queued is another key's: not for it */
	bool inherits;	    /* clean start 0: may hold a subscription */
	bool announce;	    /* ztp/v1/subscribed is due */
	bool greet;	    /* direct: `approved` at its first subscription */
	bool first_noticed; /* held: `pending` has been told */
	int64_t expires_at; /* CLOCK_BOOTTIME, ms */
	char request_id[ZTP_REQUEST_ID_MAX + 1];
	struct ztp_map_node by_client, by_path, by_topic;
	struct ztp_path parts; /* views into path */
	char path[];
};

/* The MQTT username that a session has instead of its certificate. */
#define ZTP_USERNAME_LEN (4 + ZTP_SHA256_HEX)
void ztp_session_username(char name[ZTP_USERNAME_LEN],
			  const uint8_t spki_sha256[ZTP_SHA256_LEN]);

struct ztp_sessions;

/* command_topic: the checked template, which must outlive it. NULL: no
 * memory. */
struct ztp_sessions *ztp_sessions_new(const char *command_topic);
void ztp_sessions_free(struct ztp_sessions *sessions);

/* A new entry, live, without rights. Entries of the path that are not live
 * go: it takes their place. NULL: no memory. */
struct ztp_session *ztp_sessions_add(struct ztp_sessions *sessions,
				     const struct mosquitto *client,
				     const struct ztp_path *path);
struct ztp_session *ztp_sessions_by_client(struct ztp_sessions *sessions,
					   const struct mosquitto *client);
/* The newest of the path, live ones first; NULL when there is none. */
struct ztp_session *ztp_sessions_by_path(struct ztp_sessions *sessions,
					 const char *path);
/* A session of another path, with rights, live or not, whose command topic is
 * the same; NULL when there is none, as always with a template that holds the
 * whole path. */
struct ztp_session *ztp_sessions_sharing(struct ztp_sessions *sessions,
					 const struct ztp_path *path);
void ztp_sessions_remove(struct ztp_sessions *sessions,
			 struct ztp_session *session);

size_t ztp_sessions_count(const struct ztp_sessions *sessions);
/* visit may remove the session it is given, no other. */
void ztp_sessions_each(struct ztp_sessions *sessions,
		       void (*visit)(struct ztp_session *session, void *arg),
		       void *arg);

#endif
