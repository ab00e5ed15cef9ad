/*
 * The SQLite store: what is in the log goes back into the file.
 *
 * SQLite does that in the commit that has made the log too long, and who
 * commits waits for the disk: some 50 ms, here, for everybody. So a thread
 * does it, by a connection of its own, while the loop goes on: a passive
 * checkpoint waits for nobody, and nobody for it. The log can only begin anew
 * when all of it is in the file, and while the thread was at work some more
 * has come; that little is left to the next commit.
 *
 * A disk that is slower than what is written makes the commits wait after all,
 * so that the log stays short. An error is met again with the next try, and
 * nothing is lost meanwhile, since the log has it all; when it is the disk that
 * is full, bridge/loop/backpressure.c knows.
 */
#include <pthread.h>
#include <stdlib.h>

#include "bridge/store/store_internal.h"

#define LOG_PAGES     4000 /* of 4 KiB: from here on it is written back */
#define LOG_PAGES_MAX 8000 /* and here it is waited for */

enum phase { IDLE, WANTED, DONE, STOP };

struct store_checkpoint {
	sqlite3 *db; /* the thread's */
	pthread_t thread;
	pthread_mutex_t lock; /* guards phase */
	pthread_cond_t changed;
	enum phase phase;
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

/* After each commit; pages are in the log. */
static int on_commit(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct store_checkpoint *w = arg;
	bool rest;

	(void)name;
	if (pages < LOG_PAGES)
		return SQLITE_OK;
	pthread_mutex_lock(&w->lock);
	while (pages >= LOG_PAGES_MAX && w->phase == WANTED)
		pthread_cond_wait(&w->changed, &w->lock);
	rest = w->phase == DONE;
	if (w->phase == IDLE) {
		w->phase = WANTED;
		pthread_cond_broadcast(&w->changed);
	} else if (rest) {
		w->phase = IDLE;
	}
	pthread_mutex_unlock(&w->lock);
	if (rest)
		write_back(db);
	return SQLITE_OK;
}

int store_checkpoint_open(struct store *store, struct ztp_error *error)
{
	struct store_checkpoint *w = calloc(1, sizeof(*w));
	int rc;

	if (!w)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	rc = sqlite3_open_v2(store->path, &w->db,
			     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(w->db,
				  "PRAGMA wal_autocheckpoint=0;"
				  /* Who has never read does not know of the
				   * log, and has nothing to write back. */
				  "SELECT 1 FROM sqlite_schema LIMIT 1",
				  NULL, NULL, NULL);
	if (rc != SQLITE_OK) {
		rc = ztp_fail(error, ZTP_ERR_IO, "store %s: %s", store->path,
			      w->db ? sqlite3_errmsg(w->db) : "out of memory");
		goto fail;
	}
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	if (pthread_create(&w->thread, NULL, run, w) != 0) {
		pthread_cond_destroy(&w->changed);
		pthread_mutex_destroy(&w->lock);
		rc = ztp_fail(error, ZTP_ERR_NOMEM, "no thread to write back");
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
