/*
 * The fuzz targets without libFuzzer: every file given goes through the target
 * once as it is and, with -n COUNT, that many times more with some bytes
 * changed, always the same ones. `make fuzz-smoke` does this; a file that
 * `make fuzz` left as a finding is looked at again with it.
 */
#include "fuzz.h"

#include <sys/stat.h>
#include <unistd.h>

static uint64_t random_state = 1;

static size_t below(size_t n)
{
	random_state =
		random_state * 6364136223846793005u + 1442695040888963407u;
	return (size_t)(random_state >> 33) % n;
}

/* Exactly size bytes, so that ASan guards their end. */
static void run(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	MUST(copy);
	if (size > 0)
		memcpy(copy, bytes, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

/* Never longer than it was. */
static void change(uint8_t *bytes, size_t *size)
{
	static const char special[] = "\0\xff{}[]\",:\\/\n-0.+#$%";
	size_t at = below(*size + 1);

	switch (below(4)) {
	case 0: /* another byte */
		if (at < *size)
			bytes[at] = (uint8_t)below(256);
		break;
	case 1: /* one that means something */
		if (at < *size)
			bytes[at] = (uint8_t)special[below(sizeof(special))];
		break;
	case 2: /* one less */
		if (at < *size) {
			memmove(bytes + at, bytes + at + 1, *size - at - 1);
			--*size;
		}
		break;
	default: /* the end is missing */
		if (below(8) == 0)
			*size = at;
	}
}

static void mutate(const uint8_t *bytes, size_t size, long count)
{
	uint8_t *copy = malloc(size ? size : 1);
	long i;

	MUST(copy);
	for (i = 0; i < count; i++) {
		size_t n = size, changes = 1 + below(4);

		if (size > 0)
			memcpy(copy, bytes, size);
		while (changes-- > 0)
			change(copy, &n);
		run(copy, n);
	}
	free(copy);
}

static bool replay(const char *name, long count)
{
	FILE *file = fopen(name, "rb");
	uint8_t *bytes = NULL;
	struct stat st;
	bool ok = false;

	if (file && fstat(fileno(file), &st) == 0) {
		bytes = malloc((size_t)st.st_size + 1);
		ok = bytes && fread(bytes, 1, (size_t)st.st_size, file) ==
				      (size_t)st.st_size;
	}
	if (ok) {
		run(bytes, (size_t)st.st_size);
		mutate(bytes, (size_t)st.st_size, count);
	} else {
		perror(name);
	}
	if (file)
		fclose(file);
	free(bytes);
	return ok;
}

int main(int argc, char **argv)
{
	long count = 0;
	int option;

	while ((option = getopt(argc, argv, "n:")) != -1) {
		if (option != 'n')
			return 2;
		count = strtol(optarg, NULL, 10);
	}
	if (optind == argc) {
		fprintf(stderr, "Usage: %s [-n COUNT] FILE...\n", argv[0]);
		return 2;
	}
	for (; optind < argc; optind++)
		if (!replay(argv[optind], count))
			return 1;
	return 0;
}
