/*
 * tests/fault/preload.h - what the parts of libcrash.so share.
 */
#ifndef FAULT_PRELOAD_H
#define FAULT_PRELOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "control.h"

/* The shared page, or one that asks for nothing. */
struct control *preload_control(void);

/* Whether the disk refuses a write, with errno set; grows: it needs room. */
bool disk_refuses(bool grows);

/* Whether len bytes at an offset (-1: where the file stands) need room. */
bool disk_grows(int fd, off_t at, size_t len);

/* Returns when such a call need not wait any more. */
void disk_stands(enum control_still call);

#endif
