/*
 * The broker's thread appends to a queue, and this thread takes from its front.
 * An entry stays in the queue, where it can be read, until the file has it.
 * SQLite's own syncs are entries like others: the log before a checkpoint, the
 * database after it, the header of a log that begins anew. So the files see
 * what they would have seen from SQLite, only later, and a power cut finds them
 * in a state that SQLite recovers from. At the end of each run the log is
 * synced, which makes its transactions durable.
 */
#include "gate/writer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/random.h"
#include "gate/waking.h"
#include "gate/writes.h"
#include "ztp/error.h"

/* The time from the begin of a run to the begin of the next one follows from
 * how many rows it changed. At less than 1,000 a second it becomes shorter and
 * shorter, and few rows do not wait at all; at more it grows to GATHER_MS. A new
 * device waits for two runs. From CROWD rows a second on it waits for a thread
 * rather than for the disk, and what counts is that its four or five rows cost
 * less than a tenth of a sync: CROWD_MS. */
#define GATHER_MS   12
#define CROWD_MS    30
#define CROWD	    3500
#define CHANGE_MS   1 /* for each */
#define AGAIN_MS    5 /* until the broker's thread is woken again */
#define VECTORS_MAX 64

struct ztp_writer {
	pthread_t thread, broker;
	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t work, done;
	struct ztp_writes writes;
	int fds[ZTP_WRITES_FILES];
	uint64_t committed, durable;
	int64_t changes; /* since the last run began */
	int64_t began;	 /* that one */
	int64_t due;	 /* when the next run may begin */
	bool running;
	bool asked; /* the broker's thread waits until it may */
	bool news;  /* since the broker's thread looked */
	bool stopping;
	bool hurry; /* somebody waits */
	int failed; /* errno */
	/* From where on the log may hold what is not durable; -1: from
	 * nowhere. The thread's own while it runs. */
	int64_t doubtful;
};

/* --- the thread */

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void wait_until(struct ztp_writer *w, int64_t at)
{
	struct timespec ts = {
		.tv_sec = (time_t)(at / 1000),
		.tv_nsec = (long)(at % 1000) * 1000000,
	};

	(void)pthread_cond_timedwait(&w->work, &w->lock, &ts);
}

static int write_all(int fd, struct iovec *io, int count, off_t offset)
{
	while (count > 0) {
		ssize_t n = pwritev(fd, io, count, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : EIO;
		offset += n;
		for (; count > 0 && (size_t)n >= io->iov_len; io++, count--)
			n -= (ssize_t)io->iov_len;
		if (count > 0) {
			io->iov_base = (char *)io->iov_base + n;
			io->iov_len -= (size_t)n;
		}
	}
	return 0;
}

static bool continues(const struct ztp_write *write, const struct ztp_write *of)
{
	return write->kind == ZTP_WRITE_DATA && write->file == of->file &&
	       write->offset == of->offset + (int64_t)of->len;
}

/* Writes this one and those up to `last` that continue it; *end is the last one
 * of them. Returns errno. */
static int write_run(struct ztp_writer *w, struct ztp_write *first,
		     const struct ztp_write *last, struct ztp_write **end)
{
	struct iovec io[VECTORS_MAX];
	struct ztp_write *write = first;
	int count = 0;

	for (;;) {
		io[count].iov_base = write->data;
		io[count++].iov_len = write->len;
		if (write == last || count == VECTORS_MAX ||
		    !continues(write->next, write))
			break;
		write = write->next;
	}
	*end = write;
	if (first->file == ZTP_WRITER_LOG &&
	    (w->doubtful < 0 || first->offset < w->doubtful))
		w->doubtful = first->offset;
	return write_all(w->fds[first->file], io, count, (off_t)first->offset);
}

static int sync_file(struct ztp_writer *w, int file)
{
	if (fdatasync(w->fds[file]) != 0)
		return errno;
	if (file == ZTP_WRITER_LOG)
		w->doubtful = -1;
	return 0;
}

/* All up to and including `last`, whose `next` belongs to the other thread. */
static int do_all(struct ztp_writer *w, struct ztp_write *write,
		  const struct ztp_write *last)
{
	int err = 0;

	for (;;) {
		struct ztp_write *end = write;

		if (write->kind == ZTP_WRITE_DATA)
			err = write_run(w, write, last, &end);
		else if (write->kind == ZTP_WRITE_SYNC)
			err = sync_file(w, write->file);
		else if (ftruncate(w->fds[write->file], (off_t)write->offset) !=
			 0)
			err = errno;
		if (err != 0 || end == last)
			return err;
		write = end->next;
	}
}

static int64_t gather_ms(const struct ztp_writer *w, int64_t now)
{
	if (w->changes <= GATHER_MS / CHANGE_MS)
		return w->changes * CHANGE_MS;
	return w->changes * 1000 >= CROWD * (now - w->began) ? CROWD_MS
							     : GATHER_MS;
}

/* One run: all that is in the queue now, and the sync. */
static void run(struct ztp_writer *w)
{
	struct ztp_write *first = w->writes.first, *last = w->writes.last;
	uint64_t committed = w->committed;
	int64_t now = now_ms();
	int err = 0;

	w->due = now + gather_ms(w, now);
	w->began = now;
	w->changes = 0;
	w->hurry = false;
	w->running = true;
	pthread_mutex_unlock(&w->lock);
	if (first)
		err = do_all(w, first, last);
	if (err == 0)
		err = sync_file(w, ZTP_WRITER_LOG);
	pthread_mutex_lock(&w->lock);
	if (err == 0 && last)
		ztp_writes_done(&w->writes, last);
	if (err == 0)
		w->durable = committed;
	w->failed = err;
	w->running = false;
	w->news = true;
	pthread_cond_broadcast(&w->done);
}

static bool has_work(const struct ztp_writer *w)
{
	bool waited_for = w->hurry || w->stopping;

	return w->failed == 0 &&
	       (w->committed > w->durable || (waited_for && w->writes.first));
}

static void wake(struct ztp_writer *w)
{
	if ((w->news || w->asked) && !w->stopping)
		ztp_waking_wake(w->broker);
}

static void turn(struct ztp_writer *w)
{
	int64_t now = now_ms();

	if (has_work(w) && (now >= w->due || w->hurry || w->stopping)) {
		run(w);
		wake(w);
	} else if (w->news || (w->asked && now >= w->due)) {
		wake(w);
		wait_until(w, now + AGAIN_MS);
	} else if (has_work(w) || w->asked) {
		wait_until(w, w->due);
	} else {
		pthread_cond_wait(&w->work, &w->lock);
	}
}

static void *work(void *arg)
{
	struct ztp_writer *w = arg;

	pthread_mutex_lock(&w->lock);
	while (!w->stopping || has_work(w))
		turn(w);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* --- the broker's thread */

/* The broker's signals are for the broker's thread. */
static int start(struct ztp_writer *w)
{
	sigset_t all, before;
	int err;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&w->thread, NULL, work, w);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

static int init_conditions(struct ztp_writer *w)
{
	pthread_condattr_t clock;
	int err = pthread_condattr_init(&clock);

	if (err != 0)
		return err;
	err = pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	if (err == 0)
		err = pthread_cond_init(&w->work, &clock);
	(void)pthread_condattr_destroy(&clock);
	if (err != 0)
		return err;
	err = pthread_cond_init(&w->done, NULL);
	if (err != 0)
		(void)pthread_cond_destroy(&w->work);
	return err;
}

static int init_locks(struct ztp_writer *w)
{
	int err = pthread_mutex_init(&w->lock, NULL);

	if (err != 0)
		return err;
	err = init_conditions(w);
	if (err != 0)
		(void)pthread_mutex_destroy(&w->lock);
	return err;
}

static void destroy_locks(struct ztp_writer *w)
{
	(void)pthread_cond_destroy(&w->work);
	(void)pthread_cond_destroy(&w->done);
	(void)pthread_mutex_destroy(&w->lock);
}

struct ztp_writer *ztp_writer_new(int database, int log)
{
	struct ztp_writer *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return NULL;
	w->fds[ZTP_WRITER_DATABASE] = database;
	w->fds[ZTP_WRITER_LOG] = log;
	w->broker = pthread_self();
	w->doubtful = -1;
	ztp_random(&w->writes.by_place.seed, sizeof(uint64_t));
	err = init_locks(w);
	if (err != 0)
		goto fail;
	ztp_waking_begin();
	err = start(w);
	if (err == 0)
		return w;
	ztp_waking_end();
	destroy_locks(w);
fail:
	free(w);
	errno = err;
	return NULL;
}

void ztp_writer_free(struct ztp_writer *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
	(void)pthread_join(w->thread, NULL);
	ztp_waking_end();
	ztp_writes_clear(&w->writes);
	destroy_locks(w);
	free(w);
}

int ztp_writer_write(struct ztp_writer *w, int file, const void *data,
		     size_t len, int64_t offset)
{
	int rc;

	pthread_mutex_lock(&w->lock);
	rc = w->failed ? ZTP_ERR_IO
		       : ztp_writes_data(&w->writes, file, data, len, offset);
	errno = w->failed;
	pthread_mutex_unlock(&w->lock);
	return rc;
}

int ztp_writer_cut(struct ztp_writer *w, int file, int64_t size)
{
	int rc;

	pthread_mutex_lock(&w->lock);
	rc = w->failed ? ZTP_ERR_IO : ztp_writes_cut(&w->writes, file, size);
	pthread_mutex_unlock(&w->lock);
	return rc;
}

int ztp_writer_sync(struct ztp_writer *w, int file)
{
	int rc;

	pthread_mutex_lock(&w->lock);
	rc = w->failed ? ZTP_ERR_IO : ztp_writes_sync(&w->writes, file);
	pthread_mutex_unlock(&w->lock);
	return rc;
}

static int read_file(int fd, void *data, size_t len, int64_t offset)
{
	char *to = data;

	while (len > 0) {
		ssize_t n = pread(fd, to, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ZTP_ERR_IO;
		if (n == 0) { /* what comes after it is still to be written */
			memset(to, 0, len);
			return 0;
		}
		to += n;
		offset += n;
		len -= (size_t)n;
	}
	return 0;
}

static void wait_done(struct ztp_writer *w)
{
	while (w->failed == 0 &&
	       (w->writes.first || w->committed > w->durable)) {
		w->hurry = true;
		pthread_cond_signal(&w->work);
		pthread_cond_wait(&w->done, &w->lock);
	}
}

/* With the lock: an entry must not leave the queue between the look at the file
 * and the look at the queue. */
int ztp_writer_read(struct ztp_writer *w, int file, void *data, size_t len,
		    int64_t offset)
{
	int rc = 0;

	pthread_mutex_lock(&w->lock);
	if (w->failed)
		rc = ZTP_ERR_IO;
	else if (!ztp_writes_cover(&w->writes, file, len, offset))
		rc = read_file(w->fds[file], data, len, offset);
	if (rc == 0 && !ztp_writes_over(&w->writes, file, data, len, offset)) {
		wait_done(w);
		rc = w->failed ? ZTP_ERR_IO
			       : read_file(w->fds[file], data, len, offset);
	}
	pthread_mutex_unlock(&w->lock);
	return rc;
}

bool ztp_writer_ready(struct ztp_writer *w, bool wanted)
{
	bool ready, asked;

	pthread_mutex_lock(&w->lock);
	w->broker = pthread_self();
	w->news = false;
	ready = w->failed || (!w->running && w->committed == w->durable &&
			      now_ms() >= w->due);
	asked = wanted && !ready;
	if (asked && !w->asked)
		pthread_cond_signal(&w->work);
	w->asked = asked;
	pthread_mutex_unlock(&w->lock);
	return ready;
}

void ztp_writer_commit(struct ztp_writer *w, uint64_t number, int64_t changes)
{
	pthread_mutex_lock(&w->lock);
	w->broker = pthread_self();
	w->committed = number;
	w->changes += changes;
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
}

uint64_t ztp_writer_durable(struct ztp_writer *w, int *failed)
{
	uint64_t durable;

	pthread_mutex_lock(&w->lock);
	durable = w->durable;
	*failed = w->failed;
	pthread_mutex_unlock(&w->lock);
	return durable;
}

void ztp_writer_wait(struct ztp_writer *w)
{
	pthread_mutex_lock(&w->lock);
	wait_done(w);
	pthread_mutex_unlock(&w->lock);
}

void ztp_writer_wake(struct ztp_writer *w)
{
	pthread_mutex_lock(&w->lock);
	w->broker = pthread_self();
	w->news = true;
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
}

size_t ztp_writer_bytes(struct ztp_writer *w)
{
	size_t bytes;

	pthread_mutex_lock(&w->lock);
	bytes = w->writes.bytes;
	pthread_mutex_unlock(&w->lock);
	return bytes;
}

int ztp_writer_undo(struct ztp_writer *w)
{
	int rc = 0;

	pthread_mutex_lock(&w->lock);
	if (w->failed && w->doubtful >= 0) {
		rc = ftruncate(w->fds[ZTP_WRITER_LOG], (off_t)w->doubtful);
		if (rc == 0)
			rc = fsync(w->fds[ZTP_WRITER_LOG]);
	}
	pthread_mutex_unlock(&w->lock);
	return rc;
}
