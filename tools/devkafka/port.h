/*
 * tools/devkafka/port.h - the ports of the mock cluster's brokers. librdkafka
 * lets the kernel choose them and has no call to change that, so this program
 * has a bind() and an accept() of its own, which librdkafka finds before libc's.
 */
#ifndef ZTP_DEVKAFKA_PORT_H
#define ZTP_DEVKAFKA_PORT_H

/* From now on, sockets that are bound to any port get this one and those after
 * it, count in all. Returns 0, or the first port that cannot be had, with errno:
 * librdkafka 2.0.2 aborts if it cannot bind. */
int port_use(int first, int count);
/* Until then whoever connects to one of them is sent away. */
void port_open(void);

#endif
