/*
 * tests/unit/gate_disk.h - a disk whose syncs stand still or fail, for a test
 * that replaces the C library's fdatasync. Any thread.
 */
#ifndef ZTP_TESTS_GATE_DISK_H
#define ZTP_TESTS_GATE_DISK_H

#include <stdbool.h>

/* stands: syncs do not return. fails: errno of the next one that does; 0:
 * none. */
void gate_disk_set(bool stands, int fails);
bool gate_disk_stands(void);
/* Syncs as fdatasync does, on that disk. */
int gate_disk_sync(int fd);

#endif
