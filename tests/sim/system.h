/*
 * tests/sim/system.h - the system calls that the bridge makes, played: they
 * take the place of libc's by the linker (sim.mk). Descriptors from SIM_FD on
 * are ours; others go to the system.
 */
#ifndef TESTS_SIM_SYSTEM_H
#define TESTS_SIM_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_FD 1000

/* A socket of the played broker; is_ready says whether there is something to
 * read. */
int system_socket(bool (*is_ready)(void *arg), void *arg);
void system_close(int fd);
/* Another thread of the process wakes the loop by one of its eventfds. */
void system_wake(int fd);
struct process;
void system_signal(const struct process *to, int signo); /* NULL: to all */
void system_forget(void); /* this process is no more: its descriptors */
int system_log_fd(void);

/* Told of what the bridge logs (world.c). */
void world_logged(const char *line, size_t n);

#endif
