/*
 * bridge/http/http_turns.h - pages that read the store, one after the other.
 *
 * The loop stands still while such a page is made. So there is one of them in a
 * run of the server, and then none for three times as long as it took, so that
 * together they take a quarter of the loop's time, however many ask. Who comes
 * meanwhile waits, and is served in the order of coming. Loop thread only.
 */
#ifndef BRIDGE_HTTP_TURNS_H
#define BRIDGE_HTTP_TURNS_H

#include <stdbool.h>
#include <stdint.h>

#define HTTP_TURNS_SHARE   4 /* one of so many parts of the time */
#define HTTP_TURNS_WAITING 128

struct MHD_Connection;

/* Zeros to begin with. Embedded by its owner. */
struct http_turns {
	struct MHD_Connection *waiting[HTTP_TURNS_WAITING]; /* suspended */
	int count;
	/* Who waited longest, in the run in which it is served. */
	struct MHD_Connection *next;
	bool taken;	    /* in this run */
	int64_t free_at_us; /* ztp_clock_us: no page before */
};

/* A run of the server begins: whoever is next is resumed. */
void http_turns_begin(struct http_turns *turns, int64_t now_us);
/* May this connection have its page now? If not, it is suspended, and its
 * request comes again in a later run; or *full: there is no room to wait. */
bool http_turns_take(struct http_turns *turns, struct MHD_Connection *client,
		     int64_t now_us, bool *full);
/* There are no pages for now: it is suspended. False: there is no room. */
bool http_turns_wait(struct http_turns *turns, struct MHD_Connection *client);
/* The page has been made; how much of the thread's time that took. */
void http_turns_spent(struct http_turns *turns, int64_t us, int64_t now_us);
/* When a run must begin, because somebody waits: us from now on, or -1. */
int64_t http_turns_wait_us(const struct http_turns *turns, int64_t now_us);
/* Resumes all, as libmicrohttpd wants it before its end. */
void http_turns_end(struct http_turns *turns);

#endif
