/*
 * gate/writer.h - a thread that does to the registry's files what SQLite wants
 * done, in SQLite's order, so that the broker's thread never waits for a disk.
 *
 * A transaction is best handed over when the thread is ready for it: while few
 * rows change, at once; under load they gather for up to 12 ms, in a crowd for up
 * to 30, and share a transaction and a sync. When the thread has become ready, and
 * when a transaction is durable, the broker's thread is woken. The first failure ends
 * it: nothing more is written, and what is not durable is lost.
 *
 * Everything is called on the broker's thread.
 */
#ifndef ZTP_GATE_WRITER_H
#define ZTP_GATE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The files. */
enum { ZTP_WRITER_DATABASE, ZTP_WRITER_LOG };

struct ztp_writer;

/* The descriptors stay the caller's and must outlive the writer. NULL: errno. */
struct ztp_writer *ztp_writer_new(int database, int log);
/* Does what is left, unless it has failed, and ends the thread. */
void ztp_writer_free(struct ztp_writer *writer);

/* 0, ZTP_ERR_NOMEM, or ZTP_ERR_IO with errno after a failure. */
int ztp_writer_write(struct ztp_writer *writer, int file, const void *data,
		     size_t len, int64_t offset);
int ztp_writer_cut(struct ztp_writer *writer, int file, int64_t size);
int ztp_writer_sync(struct ztp_writer *writer, int file);

/* Reads what the file will hold. Like pread, for a place within the file. */
int ztp_writer_read(struct ztp_writer *writer, int file, void *data, size_t len,
		    int64_t offset);

/* The broker's thread looks what is new, before it calls ztp_writer_durable; it
 * is woken until it has looked. Would a transaction be written at once? If not,
 * and one is wanted, the broker's thread is also woken when it would. */
bool ztp_writer_ready(struct ztp_writer *writer, bool wanted);
/* A transaction ends here. Its number is the caller's, and grows. changes: how
 * many rows it has changed. */
void ztp_writer_commit(struct ztp_writer *writer, uint64_t number,
		       int64_t changes);
/* The newest transaction that is durable. *failed: errno of the failure, or
 * 0. */
uint64_t ztp_writer_durable(struct ztp_writer *writer, int *failed);
/* The broker's thread is woken until it looks: it has more to do. */
void ztp_writer_wake(struct ztp_writer *writer);
/* Waits until all that was handed over is durable, or it has failed. */
void ztp_writer_wait(struct ztp_writer *writer);
/* How much is still to be written. */
size_t ztp_writer_bytes(struct ztp_writer *writer);

/* After a failure: cuts off the log what may have been written but is not
 * durable, so that nobody reads it. 0 or -1 with errno. */
int ztp_writer_undo(struct ztp_writer *writer);

#endif
