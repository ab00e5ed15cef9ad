/*
 * base/log_sink.h - where log lines go: a file descriptor that never makes its
 * writer wait.
 *
 * Whoever starts us chooses what stderr is, and may stop reading it: a pipe
 * whose reader hangs, a terminal after Ctrl-S, a socket of a stopped journald.
 * A line that cannot be taken at once is refused, and the caller counts it.
 *
 * O_NONBLOCK belongs to the open file description, which is shared with
 * everybody who has inherited it, such as the shell of the same terminal. It is
 * therefore never set on the descriptor that was given. A pipe and a terminal
 * are opened once more through /proc, which makes a description of our own, and
 * a socket is asked not to wait with each line. Files and other devices do not
 * make anybody wait. A pipe that cannot be opened again (another user's, or no
 * /proc) is written to only while it has room for a whole line; another process
 * that fills it in that moment can still make us wait.
 */
#ifndef ZTP_BASE_LOG_SINK_H
#define ZTP_BASE_LOG_SINK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum log_sink_kind {
	LOG_SINK_PLAIN,	 /* write(2) does not wait */
	LOG_SINK_SOCKET, /* send(2) without waiting */
	LOG_SINK_POLLED, /* look for room first */
};

/* Embedded by its owner. */
struct log_sink {
	int fd;
	enum log_sink_kind kind;
	bool owned; /* fd was opened here */
	_Atomic bool torn;
};

/* fd stays the caller's and must remain open until log_sink_close. */
void log_sink_open(struct log_sink *sink, int fd);
void log_sink_close(struct log_sink *sink);

/* text is a newline and then a line of n bytes. Writes the line; the newline
 * as well if only a part of the line before was taken. False: not all of it
 * was taken; errno, as of write(2), says why. Any thread; up to PIPE_BUF bytes
 * stay in one piece. */
bool log_sink_write(struct log_sink *sink, const char *text, size_t n);

#endif
