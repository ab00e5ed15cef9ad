/*
 * A file of the intake journal as it comes back from a damaged disk. The input
 * is entries, one a line; before each a letter says what is wrong with it:
 * nothing (any other letter), its CRC (c), its length (l), or all of its head
 * (h). With '!' first the file is the input as it is. The reader comes to an
 * end, and what it returns was written whole.
 */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "bridge/journal/journal.h"
#include "bridge/journal/journal_entry.h"

static char folder[] = "/tmp/ztp-fuzz-XXXXXX", base[64];

static void segment_name(char name[128], uint64_t segment)
{
	snprintf(name, 128, "%s.intake-%016llx", base,
		 (unsigned long long)segment);
}

static void end(void)
{
	char name[128];
	uint64_t i;

	for (i = 0; i < 3; i++) {
		segment_name(name, i);
		(void)unlink(name);
	}
	(void)rmdir(folder);
}

static void begin(void)
{
	MUST(mkdtemp(folder));
	snprintf(base, sizeof(base), "%s/s", folder);
	MUST(atexit(end) == 0);
}

static void put(int fd, const void *bytes, size_t n)
{
	MUST(write(fd, bytes, n) == (ssize_t)n);
}

static void put_entry(int fd, const char *line)
{
	const char *bytes = *line ? line + 1 : line;
	size_t n = strlen(bytes);
	uint32_t head[2] = {
		(uint32_t)n,
		(uint32_t)crc32(0, (const uint8_t *)bytes, (uInt)n)};

	if (*line == 'c' || *line == 'h')
		head[1] ^= 1;
	if (*line == 'l' || *line == 'h')
		head[0] = (uint32_t)strtoul(bytes, NULL, 16);
	put(fd, head, sizeof(head));
	put(fd, bytes, n);
}

static void write_file(const uint8_t *data, size_t size)
{
	char name[128];
	int fd;

	segment_name(name, 1);
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	MUST(fd >= 0);
	if (size > 0 && *data == '!') {
		put(fd, data + 1, size - 1);
		size = 0;
	}
	while (size > 0) {
		char *line = fuzz_line(&data, &size);

		put_entry(fd, line);
		free(line);
	}
	close(fd);
}

static void read_file(size_t size)
{
	struct journal_mark mark = {1, 0}, before;
	struct journal *journal = NULL;
	struct journal_entry entry;
	struct ztp_error error;
	const void *bytes;
	size_t len, sum = 0;

	MUST(journal_open(&journal, base, false, &mark, &mark, &error) == 0);
	for (before = mark;
	     journal_read(journal, &mark, &bytes, &len, &error) == 1;
	     before = mark) {
		MUST(journal_before(&before, &mark));
		sum += len;
		MUST(sum <= size);
		if (journal_entry_unpack(&entry, bytes, len, NULL) == 0)
			journal_entry_clear(&entry);
	}
	journal_close(journal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[128];

	if (!*base)
		begin();
	write_file(data, size);
	read_file(size);
	segment_name(name, 2); /* the one for new entries */
	(void)unlink(name);
	return 0;
}
