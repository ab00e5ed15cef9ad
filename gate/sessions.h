/*
 * gate/sessions.h - the devices' sessions as the gate knows them, by the
 * broker's client pointer and by path. Broker thread only.
 *
 * A pointer identifies a session only as long as the broker keeps that session.
 * It is reliable while the connection is live; only then may it be followed. No
 * version of the broker reports the end (expiry) of an offline session, so its
 * pointer may be freed and come back as somebody else's. An offline entry may
 * therefore let messages be queued for it, but it never authenticates anybody.
 * gate/auth.c lists the events of each version.
 */
#ifndef ZTP_GATE_SESSIONS_H
#define ZTP_GATE_SESSIONS_H

#include "gate/map.h"
#include "ztp/gate.h"
#include "ztp/pending.h"

struct mosquitto;

#define ZTP_CONNECTION_LEN 17 /* 64 random bits in hex, with the NUL */

/* To which filters for its command topic a session is subscribed. */
struct ztp_subscribed {
	bool known; /* else it may be subscribed to anything */
	bool by_name, by_tree;
};

struct ztp_session {
	const struct mosquitto *client; /* not live: compare it only */
	uint8_t spki_sha256[ZTP_SHA256_LEN];
	uint8_t fingerprint[ZTP_SHA256_LEN];
	uint8_t identity[ZTP_SHA256_LEN]; /* the certificate's; ztp/cert.h */
	uint8_t password[ZTP_SHA256_LEN]; /* hash, to compare at SIGHUP */
	enum ztp_right right;
	char connection[ZTP_CONNECTION_LEN]; /* an id of this connection */
	bool by_certificate; /* its username was one; otherwise `unused` */
	bool live;
	bool subscribed; /* to its command topic: by_name or by_tree */
	bool by_name;	 /* to the topic itself */
	bool by_tree;	 /* to the topic and everything below it */
	bool restored;	 /* from the broker's file; has never connected */
	bool leaving;	 /* being ended: ACL checks come from the kick */
	bool over;	 /* without a connection or a session at the broker */
	bool discard;	 /* what is queued may be for another key: drop it */
	bool inherits;	 /* clean start 0: may have subscriptions already */
	/* The same of the connection before, for the next one. */
	struct ztp_subscribed had;
	bool announce; /* ztp/v1/subscribed is due */
	bool touched;  /* TICK will look at it: it is in the gate's list */
	bool greet;    /* direct: send `approved` at its first subscription */
	bool first_noticed;	  /* held: `pending` has been sent */
	uint64_t group;		  /* the commit that it hangs on; gate/db.h */
	int64_t expires_at;	  /* CLOCK_BOOTTIME, ms */
	int64_t tell_refusals_at; /* likewise; see gate/answers.h */
	char request_id[ZTP_REQUEST_ID_MAX + 1];
	struct ztp_map_node by_client, by_path, by_topic;
	struct ztp_path parts; /* views into path */
	char path[];
};

/* The MQTT username that the gate gives a session in place of the
 * certificate. */
#define ZTP_USERNAME_LEN (4 + ZTP_SHA256_HEX)
void ztp_session_username(char name[ZTP_USERNAME_LEN],
			  const uint8_t spki_sha256[ZTP_SHA256_LEN]);

/* What the bridge is told that it is. */
const char *ztp_session_state(const struct ztp_session *session);
/* As the broker keeps it when the connection ends. */
struct ztp_subscribed ztp_session_subscribed(const struct ztp_session *session);

struct ztp_sessions;

/* command_topic is the checked template, which must outlive the sessions. NULL:
 * no memory. */
struct ztp_sessions *ztp_sessions_new(const char *command_topic);
void ztp_sessions_free(struct ztp_sessions *sessions);

/* Adds a live entry without rights. It replaces entries of its path that are
 * not live. NULL: no memory. */
struct ztp_session *ztp_sessions_add(struct ztp_sessions *sessions,
				     const struct mosquitto *client,
				     const struct ztp_path *path);
struct ztp_session *ztp_sessions_by_client(struct ztp_sessions *sessions,
					   const struct mosquitto *client);
/* The newest session of the path, a live one if there is one; NULL if there is
 * none, or it is over. */
struct ztp_session *ztp_sessions_by_path(struct ztp_sessions *sessions,
					 const char *path);
/* Removes what is over of the path's sessions: it may not even have a will any
 * more. */
void ztp_sessions_forget(struct ztp_sessions *sessions, const char *path);
/* A session of another path, live or not, that has rights and shares the
 * command topic. NULL if there is none; always so if the template contains the
 * whole path. */
struct ztp_session *ztp_sessions_sharing(struct ztp_sessions *sessions,
					 const struct ztp_path *path);
void ztp_sessions_remove(struct ztp_sessions *sessions,
			 struct ztp_session *session);

/* visit may remove the session it is given, but no other. */
void ztp_sessions_each(struct ztp_sessions *sessions,
		       void (*visit)(struct ztp_session *session, void *arg),
		       void *arg);

#endif
