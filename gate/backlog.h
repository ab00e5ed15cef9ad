/*
 * gate/backlog.h - how many connections the kernel keeps for the broker until
 * it accepts them.
 */
#ifndef ZTP_GATE_BACKLOG_H
#define ZTP_GATE_BACKLOG_H

/* The broker accepts all of them in one turn, while live devices wait: with 512,
 * 256 and 128 their p99 is 300, 215 and 120 ms while 2,000 come at once, of
 * which 790, 690 and 620 a second are onboarded. */
#define ZTP_BACKLOG 256

/* Gives every TCP socket of this process that listens at least that backlog, as
 * far as net.core.somaxconn allows. Returns how many were changed. */
int ztp_backlog_raise(void);

#endif
