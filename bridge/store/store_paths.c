/*
 * The SQLite store: which requests a path has.
 *
 * Paths arrive in random order. In a plain index each new request dirties a
 * page of its own, which is written twice (to the WAL, and from there to the
 * file). That costs several times as much as the row itself. So the index on
 * disk (table path_index) is written in batches. Entries wait in memory, in
 * buckets by the first bits of their hash. A full bucket is written with a
 * commit, and all its entries go to the same few pages.
 *
 * Waiting entries are not lost when the process ends. Rows are numbered in
 * order. For each bucket it is recorded up to which row it has been written
 * (table path_bucket), and `indexed`, among the facts, is the row up to which
 * all buckets have been. At start the rows after that are read again. Only
 * removals can be lost. Such an entry then points to a row number that is
 * never used again. It is removed when a lookup finds it; otherwise it costs a
 * few bytes on disk.
 */
#include <stdlib.h>
#include <string.h>

#include "bridge/store/store_internal.h"
#include "ztp/codec.h"

#define HASH_BITS   48
#define BUCKET_BITS 12
#define BUCKETS	    (1 << BUCKET_BITS)
#define BUCKET_FULL 32 /* entries; 2 MiB if all buckets are full */
#define WRITE_MAX   64 /* buckets per commit; takes some 3 ms */

struct path_entry {
	int64_t hash;
	int64_t n; /* row number; negative: that row was removed */
};

struct bucket {
	struct path_entry *entries;
	uint32_t count, room;
	uint32_t kept; /* how many are older than this transaction */
	bool full, changed, written;
};

struct store_paths {
	struct bucket buckets[BUCKETS];
	uint16_t full[BUCKETS];	   /* ring of the buckets to write */
	uint16_t changed[BUCKETS]; /* in this transaction */
	int full_first, full_count, changed_count;
};

/* Two paths may share a hash. Six bytes of SHA-256 make sure that nobody can
 * construct many paths that do. */
int64_t store_path_hash(const char *path)
{
	uint8_t digest[ZTP_SHA256_LEN];
	int64_t hash = 0;
	int i;

	ztp_sha256(digest, path, strlen(path));
	for (i = 0; i < HASH_BITS / 8; i++)
		hash = hash << 8 | digest[i];
	return hash;
}

static struct bucket *bucket_of(struct store_paths *paths, int64_t hash)
{
	return &paths->buckets[(uint64_t)hash >> (HASH_BITS - BUCKET_BITS) &
			       (BUCKETS - 1)];
}

/* --- in memory */

static void note_full(struct store_paths *paths, struct bucket *bucket)
{
	int last = (paths->full_first + paths->full_count) % BUCKETS;

	if (bucket->full || bucket->count < BUCKET_FULL)
		return;
	bucket->full = true;
	paths->full[last] = (uint16_t)(bucket - paths->buckets);
	paths->full_count++;
}

static void note_changed(struct store_paths *paths, struct bucket *bucket)
{
	if (bucket->changed)
		return;
	bucket->changed = true;
	paths->changed[paths->changed_count++] =
		(uint16_t)(bucket - paths->buckets);
}

static int append(struct store_paths *paths, int64_t hash, int64_t n,
		  struct ztp_error *error)
{
	struct bucket *bucket = bucket_of(paths, hash);

	if (bucket->count == bucket->room) {
		uint32_t room = bucket->room ? 2 * bucket->room : 4;
		struct path_entry *entries =
			realloc(bucket->entries, room * sizeof(*entries));

		if (!entries)
			return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
		bucket->entries = entries;
		bucket->room = room;
	}
	bucket->entries[bucket->count++] = (struct path_entry){hash, n};
	note_changed(paths, bucket);
	note_full(paths, bucket);
	return 0;
}

int store_paths_add(struct store *store, int64_t hash, int64_t n,
		    struct ztp_error *error)
{
	return append(store->paths, hash, n, error);
}

int store_paths_remove(struct store *store, const char *path, int64_t n,
		       struct ztp_error *error)
{
	return append(store->paths, store_path_hash(path), -n, error);
}

static bool was_removed(const struct bucket *bucket, int64_t n)
{
	uint32_t i;

	for (i = 0; i < bucket->count; i++)
		if (bucket->entries[i].n == -n)
			return true;
	return false;
}

/* --- to disk */

static int write_entry(struct store *store, const struct path_entry *entry,
		       struct ztp_error *error)
{
	bool added = entry->n > 0;
	sqlite3_stmt *stmt = store_stmt(
		store, added ? SQL_PATH_ADD : SQL_PATH_DEL, true, error);

	if (!stmt)
		return ZTP_ERR_IO;
	sqlite3_bind_int64(stmt, 1, entry->hash);
	sqlite3_bind_int64(stmt, 2, added ? entry->n : -entry->n);
	return store_run(store, stmt, error);
}

static int write_mark(struct store *store, const struct bucket *bucket,
		      struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_BUCKET_SET, true, error);

	if (!stmt)
		return ZTP_ERR_IO;
	sqlite3_bind_int64(stmt, 1, bucket - store->paths->buckets);
	sqlite3_bind_int64(stmt, 2, store->facts.request_n);
	return store_run(store, stmt, error);
}

static int write_bucket(struct store *store, struct bucket *bucket,
			struct ztp_error *error)
{
	uint32_t i;
	int rc = write_mark(store, bucket, error);

	note_changed(store->paths, bucket);
	bucket->full = false;
	bucket->written = true;
	for (i = 0; i < bucket->count && rc == 0; i++) {
		const struct path_entry *entry = &bucket->entries[i];

		if (entry->n < 0 || !was_removed(bucket, entry->n))
			rc = write_entry(store, entry, error);
	}
	return rc;
}

/* The row up to which the index on disk is complete. */
static int64_t indexed(const struct store *store)
{
	int64_t first = store->facts.request_n + 1;
	uint32_t b, i;

	for (b = 0; b < BUCKETS; b++) {
		const struct bucket *bucket = &store->paths->buckets[b];

		for (i = 0; i < bucket->count && !bucket->written; i++) {
			if (bucket->entries[i].n < 0)
				continue;
			if (bucket->entries[i].n < first)
				first = bucket->entries[i].n;
			break; /* entries are in order of n */
		}
	}
	return first - 1;
}

int store_paths_write(struct store *store, struct ztp_error *error)
{
	struct store_paths *paths = store->paths;
	int left = WRITE_MAX, rc = 0;

	if (paths->full_count == 0)
		return 0;
	for (; paths->full_count > 0 && left > 0 && rc == 0; left--) {
		rc = write_bucket(
			store, &paths->buckets[paths->full[paths->full_first]],
			error);
		paths->full_first = (paths->full_first + 1) % BUCKETS;
		paths->full_count--;
	}
	store->facts.indexed = indexed(store);
	return rc;
}

void store_paths_committed(struct store_paths *paths)
{
	while (paths->changed_count > 0) {
		struct bucket *bucket =
			&paths->buckets[paths->changed[--paths->changed_count]];

		if (bucket->written)
			bucket->count = 0;
		bucket->kept = bucket->count;
		bucket->changed = bucket->written = false;
	}
}

void store_paths_rolled_back(struct store_paths *paths)
{
	int i;

	while (paths->changed_count > 0) {
		struct bucket *bucket =
			&paths->buckets[paths->changed[--paths->changed_count]];

		bucket->count = bucket->kept;
		bucket->changed = bucket->written = false;
	}
	paths->full_count = 0;
	for (i = 0; i < BUCKETS; i++) {
		paths->buckets[i].full = false;
		note_full(paths, &paths->buckets[i]);
	}
}

/* --- finding */

struct numbers {
	int64_t *list;
	int count, room;
};

static int numbers_add(struct numbers *numbers, int64_t n,
		       struct ztp_error *error)
{
	if (numbers->count == numbers->room) {
		int room = numbers->room ? 2 * numbers->room : 8;
		int64_t *list =
			realloc(numbers->list, (size_t)room * sizeof(*list));

		if (!list)
			return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
		numbers->list = list;
		numbers->room = room;
	}
	numbers->list[numbers->count++] = n;
	return 0;
}

static int find_in_memory(const struct bucket *bucket, int64_t hash,
			  struct numbers *found, struct ztp_error *error)
{
	uint32_t i;
	int rc = 0;

	for (i = 0; i < bucket->count && rc == 0; i++)
		if (bucket->entries[i].hash == hash &&
		    bucket->entries[i].n > 0 &&
		    !was_removed(bucket, bucket->entries[i].n))
			rc = numbers_add(found, bucket->entries[i].n, error);
	return rc;
}

static int find_on_disk(struct store *store, const struct bucket *bucket,
			int64_t hash, struct numbers *found,
			struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_PATH_FIND, false, error);
	int step, rc = 0;

	sqlite3_bind_int64(stmt, 1, hash);
	while (rc == 0 && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
		int64_t n = sqlite3_column_int64(stmt, 0);

		if (!was_removed(bucket, n))
			rc = numbers_add(found, n, error);
	}
	sqlite3_reset(stmt);
	if (rc == 0 && step != SQLITE_DONE)
		return store_fail(store, step, error);
	return rc;
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Returns the row numbers in order of arrival. */
static int find(struct store *store, int64_t hash, struct numbers *found,
		struct ztp_error *error)
{
	struct bucket *bucket = bucket_of(store->paths, hash);
	int rc = find_on_disk(store, bucket, hash, found, error);

	if (rc == 0)
		rc = find_in_memory(bucket, hash, found, error);
	if (rc == 0 && found->count > 1)
		qsort(found->list, (size_t)found->count, sizeof(*found->list),
		      by_number);
	return rc;
}

int store_path_each(struct store *store, const char *path, store_visit *visit,
		    void *arg, struct ztp_error *error)
{
	struct numbers found = {0};
	struct store_request request;
	int rc = find(store, store_path_hash(path), &found, error);
	int i;

	for (i = 0; i < found.count && rc == 0; i++) {
		rc = store_request_by_n(store, found.list[i], &request, error);
		if (rc == 0)
			rc = store_paths_remove(store, path, found.list[i],
						error);
		else if (rc == 1) /* another path may have this hash */
			rc = strcmp(request.path, path) == 0
				     ? visit(arg, &request)
				     : 0;
	}
	free(found.list);
	return rc;
}

/* --- opening and closing */

/* Loads the row up to which each bucket is on disk. */
static int load_marks(struct store *store, int64_t marks[BUCKETS],
		      struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_BUCKET_LIST, false, error);
	int step;

	while ((step = sqlite3_step(stmt)) == SQLITE_ROW) {
		int64_t b = sqlite3_column_int64(stmt, 0);

		if (b >= 0 && b < BUCKETS)
			marks[b] = sqlite3_column_int64(stmt, 1);
	}
	sqlite3_reset(stmt);
	return step == SQLITE_DONE ? 0 : store_fail(store, step, error);
}

static int load_unindexed(struct store *store, struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_PATH_LOAD, false, error);
	struct store_paths *paths = store->paths;
	int64_t marks[BUCKETS] = {0};
	int step = SQLITE_DONE, rc = load_marks(store, marks, error);

	sqlite3_bind_int64(stmt, 1, store->facts.indexed);
	while (rc == 0 && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
		int64_t n = sqlite3_column_int64(stmt, 0);
		int64_t hash = sqlite3_column_int64(stmt, 1);

		if (n > marks[bucket_of(paths, hash) - paths->buckets])
			rc = append(paths, hash, n, error);
	}
	sqlite3_reset(stmt);
	if (rc == 0 && step != SQLITE_DONE)
		return store_fail(store, step, error);
	store_paths_committed(paths);
	/* That read many pages, which are not needed again. */
	sqlite3_db_release_memory(store->db);
	return rc;
}

int store_paths_open(struct store *store, struct ztp_error *error)
{
	store->paths = calloc(1, sizeof(*store->paths));
	if (!store->paths)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	return load_unindexed(store, error);
}

void store_paths_free(struct store_paths *paths)
{
	int i;

	if (!paths)
		return;
	for (i = 0; i < BUCKETS; i++)
		free(paths->buckets[i].entries);
	free(paths);
}
