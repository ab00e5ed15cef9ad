/*
 * gate/backlog.h - how many connections the kernel keeps for the broker until
 * it accepts them.
 */
#ifndef ZTP_GATE_BACKLOG_H
#define ZTP_GATE_BACKLOG_H

#define ZTP_BACKLOG 512 /* a burst of which the broker needs some 100 ms */

/* Gives every TCP socket of this process that listens at least that backlog, as
 * far as net.core.somaxconn allows. Returns how many were changed. */
int ztp_backlog_raise(void);

#endif
