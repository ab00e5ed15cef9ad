/* A journal that is torn or damaged, at every byte. The tests truncate the file
 * after its entries, so that searching it for more does not take long. */
#include "journal_case.h"

#define ENTRY 40

/* The bytes of a file with `count` entries, left by a process that is gone. */
static uint8_t *finished_file(struct fixture *f, unsigned count, char name[128],
			      size_t *len)
{
	uint8_t *bytes;
	unsigned i;

	open_at(f, false);
	for (i = 0; i < count; i++)
		append(f, i, ENTRY);
	segment_name(f, journal_first_segment(f->journal), name);
	journal_close(f->journal);
	f->journal = NULL;
	bytes = scratch_read(name, len);
	assert_int_equal(*len, JOURNAL_SEGMENT);
	*len = (size_t)count * (ENTRY + 8);
	return bytes;
}

/* Expects the file's entries without number `missing`, and how often something
 * was skipped; then a new entry. */
static void expect_file(struct fixture *f, unsigned count, unsigned missing,
			uint64_t gaps)
{
	char name[128];
	unsigned i;

	f->mark = (struct journal_mark){0, 0};
	open_at(f, false);
	append(f, 1000, 7);
	for (i = 0; i < count; i++)
		if (i != missing)
			expect(f, i, ENTRY);
	expect(f, 1000, 7);
	expect_end(f);
	assert_int_equal(journal_gaps(f->journal), gaps);
	segment_name(f, journal_first_segment(f->journal), name);
	journal_close(f->journal);
	f->journal = NULL;
	assert_int_equal(unlink(name), 0);
}

/* How a file of so many bytes is damaged at one of them. Returns its new length.
 */
typedef size_t damage(uint8_t *bytes, size_t len, size_t at);

static size_t cut(uint8_t *bytes, size_t len, size_t at)
{
	(void)bytes;
	(void)len;
	return at;
}

/* The file keeps its size, as a preallocated one does. */
static size_t tear(uint8_t *bytes, size_t len, size_t at)
{
	memset(bytes + at, 0, len - at);
	return len + 200;
}

static size_t flip(uint8_t *bytes, size_t len, size_t at)
{
	bytes[at] ^= (uint8_t)(1u << at % 8);
	return len + 200;
}

/* Damages a file of so many entries at every byte of one of them. */
static void at_every_byte(struct fixture *f, unsigned count, unsigned entry,
			  damage *how, unsigned left, unsigned missing,
			  uint64_t gaps)
{
	char name[128];
	size_t len, at, first = (size_t)entry * (ENTRY + 8);
	uint8_t *bytes = finished_file(f, count, name, &len);
	uint8_t *copy = malloc(JOURNAL_SEGMENT);

	assert_non_null(copy);
	for (at = first; at < first + ENTRY + 8; at++) {
		memcpy(copy, bytes, JOURNAL_SEGMENT);
		scratch_write(name, copy, how(copy, len, at));
		expect_file(f, left, missing, gaps);
	}
	free(copy);
	free(bytes);
}

static void test_cut_at_every_byte(void **state)
{
	at_every_byte(*state, 3, 2, cut, 2, 99, 0);
}

static void test_torn_at_every_byte(void **state)
{
	at_every_byte(*state, 3, 2, tear, 2, 99, 0);
}

static void test_last_entry_damaged_at_every_byte(void **state)
{
	at_every_byte(*state, 3, 2, flip, 2, 99, 0);
}

/* The entries after the damage were acknowledged too, so they are not given
 * up. */
static void test_middle_damaged_at_every_byte(void **state)
{
	at_every_byte(*state, 6, 2, flip, 6, 2, 1);
}

static size_t lose_block(uint8_t *bytes, size_t len, size_t at)
{
	(void)at;
	memset(bytes + 2 * (ENTRY + 8), 0, ENTRY + 8);
	return len + 200;
}

static void test_a_lost_block_in_the_middle(void **state)
{
	at_every_byte(*state, 6, 2, lose_block, 6, 2, 1);
}

static void test_first_entry_damaged_in_a_whole_file(void **state)
{
	struct fixture *f = *state;
	char name[128];
	size_t len;
	uint8_t *bytes = finished_file(f, 2, name, &len);

	bytes[20] ^= 1;
	scratch_write(name, bytes, JOURNAL_SEGMENT);
	expect_file(f, 2, 0, 1);
	memset(bytes, 0, JOURNAL_SEGMENT);
	scratch_write(name, bytes, JOURNAL_SEGMENT);
	expect_file(f, 0, 99, 0);
	free(bytes);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_cut_at_every_byte),
		T(test_torn_at_every_byte),
		T(test_last_entry_damaged_at_every_byte),
		T(test_middle_damaged_at_every_byte),
		T(test_a_lost_block_in_the_middle),
		T(test_first_entry_damaged_in_a_whole_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
