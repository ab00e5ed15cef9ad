/*
 * bridge/loop/notify.h - the service manager's notifications (sd_notify(3), the
 * protocol of datagrams to $NOTIFY_SOCKET). Without a service manager
 * everything here does nothing. Loop thread only.
 */
#ifndef BRIDGE_LOOP_NOTIFY_H
#define BRIDGE_LOOP_NOTIFY_H

#include <stdint.h>

struct notify {
	int fd;		     /* -1: nobody listens */
	int64_t watchdog_ms; /* how often it wants to hear of us; 0: never */
	int64_t next;	     /* steady ms of the next word */
};

/* Reads the environment, as the service manager has set it. */
void notify_open(struct notify *notify);
void notify_close(struct notify *notify);

void notify_ready(struct notify *notify);
void notify_stopping(struct notify *notify);
/* The loop has turned at now; says so when it is time. */
void notify_turned(struct notify *notify, int64_t now);

#endif
