/*
 * The SQLite store: writes the WAL back into the database file.
 *
 * By default SQLite does this inside the commit that made the WAL too long.
 * That commit waits for the disk, some 50 ms on the machine where this was
 * measured, and so does the whole loop. Here a thread does it on a connection
 * of its own while the loop continues: a passive checkpoint neither waits for
 * the writer nor makes it wait. The WAL can restart from its beginning only
 * when all of it has been written back. While the thread worked, the loop
 * appended a little more; the next commit writes back that small rest.
 *
 * If the disk cannot keep up with the writes, commits do wait, so that the WAL
 * stays short. After an error the next attempt meets the same error, and
 * nothing is lost meanwhile because the WAL still holds everything. If the
 * disk is full, bridge/loop/backpressure.c notices.
 *
 * What was erased is in the WAL's older pages until it is emptied. The thread
 * then writes back first, and the rest is small.
 */
#include <pthread.h>
#include <stdlib.h>

#include "bridge/store/store_internal.h"

#define LOG_PAGES     4000 /* of 4 KiB: the thread starts writing back */
#define LOG_PAGES_MAX 8000 /* commits wait for the thread */

enum phase { IDLE, WANTED, DONE, STOP };

struct store_checkpoint {
	sqlite3 *db; /* used by the thread */
	pthread_t thread;
	pthread_mutex_t lock; /* guards phase */
	pthread_cond_t changed;
	enum phase phase;
	/* The loop's thread only: the WAL is to be emptied; the commit that
	 * begins it anew will do so; and its length. */
	bool empty, limited;
	int pages;
};

static void write_back(sqlite3 *db)
{
	(void)sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE,
					NULL, NULL);
}

static void *run(void *arg)
{
	struct store_checkpoint *w = arg;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (w->phase != WANTED && w->phase != STOP)
			pthread_cond_wait(&w->changed, &w->lock);
		if (w->phase == STOP)
			break;
		pthread_mutex_unlock(&w->lock);
		write_back(w->db);
		pthread_mutex_lock(&w->lock);
		if (w->phase == WANTED)
			w->phase = DONE;
		pthread_cond_broadcast(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* Writes back the rest of the WAL. If the file is to be emptied, the next commit
 * that begins it anew also truncates it behind its own pages. Not before: if
 * power is lost while the old header is valid, the old pages must be whole. */
static void write_rest(struct store_checkpoint *w, sqlite3 *db)
{
	write_back(db);
	if (w->empty)
		w->limited = sqlite3_exec(db, "PRAGMA journal_size_limit=0",
					  NULL, NULL, NULL) == SQLITE_OK;
}

/* Lets the thread begin, or writes what it has left. */
static void advance(struct store_checkpoint *w, sqlite3 *db, bool wait)
{
	bool finish;

	pthread_mutex_lock(&w->lock);
	while (wait && w->phase == WANTED)
		pthread_cond_wait(&w->changed, &w->lock);
	finish = w->phase == DONE;
	if (w->phase == IDLE) {
		w->phase = WANTED;
		pthread_cond_broadcast(&w->changed);
	} else if (finish) {
		w->phase = IDLE;
	}
	pthread_mutex_unlock(&w->lock);
	if (finish)
		write_rest(w, db);
}

/* SQLite calls this after each commit; the WAL holds `pages` pages, fewer than
 * before if the commit has begun it anew. */
static int on_commit(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct store_checkpoint *w = arg;

	(void)name;
	/* One that began it anew before it was limited has left the rest. */
	if (w->limited && pages <= w->pages) {
		w->empty = w->limited = false;
		(void)sqlite3_exec(db, STORE_WAL_LIMIT, NULL, NULL, NULL);
	}
	w->pages = pages;
	if (pages >= LOG_PAGES || w->empty)
		advance(w, db, pages >= LOG_PAGES_MAX);
	return SQLITE_OK;
}

void store_checkpoint_empty(struct store_checkpoint *w)
{
	w->empty = true;
}

bool store_checkpoint_emptied(struct store_checkpoint *w, sqlite3 *db)
{
	if (w->empty)
		advance(w, db, false);
	return !w->empty;
}

int store_checkpoint_open(struct store *store, struct ztp_error *error)
{
	struct store_checkpoint *w = calloc(1, sizeof(*w));
	int rc;

	if (!w)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	rc = ztp_sqlite_connect(&w->db, &store->file, error);
	if (rc == 0)
		rc = ztp_sqlite_exec(w->db, &store->file,
				     "PRAGMA wal_autocheckpoint=0;"
				     /* A connection that has never read has
				      * not opened the WAL, so its checkpoint
				      * does nothing. */
				     "SELECT 1 FROM sqlite_schema LIMIT 1",
				     error);
	if (rc != 0)
		goto fail;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	if (pthread_create(&w->thread, NULL, run, w) != 0) {
		pthread_cond_destroy(&w->changed);
		pthread_mutex_destroy(&w->lock);
		rc = ztp_fail(error, ZTP_ERR_NOMEM,
			      "cannot start the checkpoint thread");
		goto fail;
	}
	sqlite3_wal_hook(store->db, on_commit, w);
	store->writeback = w;
	return 0;
fail:
	sqlite3_close(w->db);
	free(w);
	return rc;
}

void store_checkpoint_close(struct store_checkpoint *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->phase = STOP;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	sqlite3_close(w->db);
	free(w);
}
