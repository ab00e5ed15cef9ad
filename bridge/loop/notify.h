/*
 * bridge/loop/notify.h - notifies the service manager (sd_notify(3): datagrams
 * to $NOTIFY_SOCKET). Without a service manager all functions do nothing. Loop
 * thread only.
 */
#ifndef BRIDGE_LOOP_NOTIFY_H
#define BRIDGE_LOOP_NOTIFY_H

#include <stdint.h>

struct notify {
	int fd;		     /* -1: no service manager */
	int64_t watchdog_ms; /* interval of notifications; 0: none */
	int64_t next;	     /* steady ms of the next one */
};

/* Reads the environment variables set by the service manager. */
void notify_open(struct notify *notify);
void notify_close(struct notify *notify);

void notify_ready(struct notify *notify);
void notify_stopping(struct notify *notify);
/* The loop has finished a turn at now; notifies when it is time. */
void notify_turned(struct notify *notify, int64_t now);

#endif
