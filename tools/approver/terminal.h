/*
 * tools/approver/terminal.h - text from Kafka on a terminal. Anybody who may
 * write to the topics can put any text there, so bytes that a terminal would
 * obey are shown as \xNN.
 */
#ifndef ZTP_APPROVER_TERMINAL_H
#define ZTP_APPROVER_TERMINAL_H

#include <stddef.h>

/* Writes it to stdout. */
void terminal_put(const char *text, size_t len);

#endif
