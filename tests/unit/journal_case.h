/*
 * tests/unit/journal_case.h - an intake journal, and entries that can be
 * recognised.
 */
#ifndef ZTP_TESTS_JOURNAL_CASE_H
#define ZTP_TESTS_JOURNAL_CASE_H

#include "scratch.h"

#include "bridge/journal/journal.h"

struct fixture {
	struct scratch scratch;
	struct journal *journal;
	struct journal_mark mark;
	struct ztp_error error;
};

static inline void open_at(struct fixture *f, bool sync)
{
	assert_int_equal(journal_open(&f->journal, f->scratch.base, sync,
				      &f->mark, &f->mark, &f->error),
			 0);
}

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	scratch_make(&f->scratch);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	journal_close(f->journal);
	scratch_remove(&f->scratch);
	free(f);
	return 0;
}

/* The process dies and another one starts. Closing flushes nothing, so it has
 * the same effect as a kill. */
static inline void restart(struct fixture *f, bool sync)
{
	journal_close(f->journal);
	f->journal = NULL;
	open_at(f, sync);
}

static inline void segment_name(const struct fixture *f, uint64_t segment,
				char name[128])
{
	snprintf(name, 128, "%s.intake-%016llx", f->scratch.base,
		 (unsigned long long)segment);
}

/* Entry i can be recognised, and its length depends on i. */
static inline size_t make_entry(uint8_t *bytes, unsigned i, size_t len)
{
	size_t k;

	for (k = 0; k < len; k++)
		bytes[k] = (uint8_t)(i * 31 + k * 7 + 1);
	return len;
}

static inline void append(struct fixture *f, unsigned i, size_t len)
{
	uint8_t *bytes = malloc(len);

	assert_non_null(bytes);
	make_entry(bytes, i, len);
	assert_int_equal(journal_append(f->journal, bytes, len, &f->error), 0);
	free(bytes);
}

static inline void expect(struct fixture *f, unsigned i, size_t len)
{
	uint8_t *bytes = malloc(len);
	const void *got;
	size_t n;

	assert_non_null(bytes);
	make_entry(bytes, i, len);
	assert_int_equal(
		journal_read(f->journal, &f->mark, &got, &n, &f->error), 1);
	assert_int_equal(n, len);
	assert_memory_equal(got, bytes, len);
	free(bytes);
}

static inline void expect_end(struct fixture *f)
{
	const void *got;
	size_t n;

	assert_int_equal(
		journal_read(f->journal, &f->mark, &got, &n, &f->error), 0);
}

#endif
