/*
 * bridge/mqtt/names.h - the broker's name, looked up by a thread, because a
 * resolver may not answer for half a minute, or at all.
 *
 * Both MQTT libraries look up the name themselves: libmosquitto in the loop's
 * thread, and paho in its own, but under the mutex that every call of the loop
 * needs. They cannot be given an address instead, because then they would verify
 * the broker's certificate for the address, and send no name with TLS. So the
 * program has a getaddrinfo() of its own, in front of libc's (bridge/getaddrinfo.c):
 * a connection is begun when its name has been looked up, and the library, which
 * asks for that name then, is told the address at once.
 *
 * One thread of the process looks up at a time, whoever waits. If it hangs,
 * nobody starts another one, and the end of the process does not wait for it. A
 * host that is an address needs no thread. The name is looked up anew for each
 * try, so a change in /etc/hosts or DNS counts at once. It is one address at a
 * time that is tried, in turn; first that which worked last.
 *
 * All functions but names_told: loop thread.
 */
#ifndef BRIDGE_MQTT_NAMES_H
#define BRIDGE_MQTT_NAMES_H

#include "bridge/core/core.h"

#define NAME_UNANSWERED "the broker's name is looked up, without an answer"

#define NAME_ADDRESS_MAX 80 /* with a scope behind the % */

struct addrinfo;

/* As getaddrinfo(); it may block. */
typedef int names_look_up(const char *node, const char *service,
			  const struct addrinfo *hints, struct addrinfo **list);

/* Of the process: config's mqtt.names. NULL there: the libraries look up by
 * themselves. NULL here: no memory. Not to be freed while one is looked up. */
struct names *names_new(names_look_up *look_up);
void names_free(struct names *names);
/* Any thread: is this one told an address for that host? */
bool names_told(struct names *names, char address[NAME_ADDRESS_MAX],
		const char *host);

struct name; /* of one connection's broker */

enum name_state {
	NAME_FOUND, /* connect now */
	NAME_WAITS, /* core's wake_fd is written when there is more to know */
	NAME_UNKNOWN,
};

/* connection: in the log; not copied. */
int name_new(struct name **name, struct core *core, const char *connection,
	     struct ztp_error *error);
/* Does not wait for a look-up. */
void name_free(struct name *name);

/* The next step of a look-up, or the first. A look-up that has no answer after 5 s
 * is logged, and every 30 s from then on. */
enum name_state name_look_up(struct name *name);
/* After NAME_FOUND, when nobody is at that address: is there another one, to be
 * tried at once? */
bool name_another(struct name *name);
/* Nobody wants to know any more. */
void name_forget(struct name *name);
/* The steady time at which name_look_up wants to run again, if it is due at `at`
 * for the first time. */
int64_t name_next(const struct name *name, int64_t at);
/* Why it is unknown. */
const char *name_error(const struct name *name);
/* Has it been looked up for more than 5 s? */
bool name_is_unanswered(const struct name *name);

/* Who is told the address: this thread, until name_done; any other, until it is
 * told another one. */
void name_tell_here(const struct name *name);
void name_done(const struct name *name);
void name_tell_all(const struct name *name);
/* The connection has come up. */
void name_worked(struct name *name);

#endif
