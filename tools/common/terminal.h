/*
 * tools/common/terminal.h - text from Kafka and from brokers on a terminal.
 * Anybody who may write there can put any text into it, so bytes that a
 * terminal would obey, or that make a line look like another one, are shown as
 * \xNN.
 */
#ifndef ZTP_TOOLS_TERMINAL_H
#define ZTP_TOOLS_TERMINAL_H

#include <stddef.h>

/* Writes it to stdout. Returns the number of bytes written. */
size_t terminal_put(const char *text, size_t len);

/* Into out, without a NUL; what has no room is left out. Returns the number of
 * bytes. */
size_t terminal_escape(char *out, size_t size, const char *text, size_t len);

#endif
