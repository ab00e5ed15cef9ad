/*
 * tests/fault/preload.h - what the two halves of libcrash.so share.
 */
#ifndef FAULT_PRELOAD_H
#define FAULT_PRELOAD_H

#include "control.h"

/* The shared page, or one that asks for nothing. */
struct control *preload_control(void);

#endif
