/*
 * What a customer's tools are given beside rules: with 'f' first a list of
 * fingerprints, with 'p' properties of librdkafka, with 'a' a request of the
 * bridge's. Each is read or refused with a reason; a list that was read is in
 * order, and has no more entries than lines.
 */
#include "fuzz.h"

#include "tests/fuzz/files.h"
#include "tools/common/ask.h"
#include "tools/common/kafka.h"
#include "tools/common/rules.h"

static size_t lines(const uint8_t *data, size_t size)
{
	size_t i, count = 1;

	for (i = 0; i < size; i++)
		count += data[i] == '\n' || data[i] == '\r';
	return count;
}

static void check_rc(int rc, const struct ztp_error *error)
{
	MUST(rc == 0 || (error->code == (enum ztp_err)rc && *error->message));
}

static void fingerprints(const char *name, size_t most)
{
	struct ztp_fingerprints list = {0};
	struct ztp_error error = {0};
	int rc = ztp_fingerprints_load(&list, name, &error);
	size_t i;

	check_rc(rc, &error);
	if (rc == 0) {
		ztp_fingerprints_sort(&list);
		MUST(list.count <= most);
		for (i = 1; i < list.count; i++)
			MUST(memcmp(list.items[i - 1], list.items[i],
				    ZTP_SHA256_LEN) <= 0);
	}
	free(list.items);
}

static void properties(const char *name, size_t most)
{
	struct ztp_kafka_props props = {0};
	struct ztp_error error = {0};
	int rc = ztp_kafka_props_load(&props, name, &error);
	size_t i;

	check_rc(rc, &error);
	MUST(props.count <= ZTP_KAFKA_PROPS_MAX && props.count <= most);
	for (i = 0; i < props.count; i++) {
		const char *equals = strchr(props.items[i], '=');

		MUST(equals && equals != props.items[i]);
	}
	ztp_kafka_props_clear(&props);
}

static void ask(const char *text, size_t size)
{
	struct ztp_error error = {0};
	struct ztp_ask read;
	int rc = ztp_ask_parse(&read, text, size, &error);

	check_rc(rc, &error);
	if (rc == 0)
		MUST(read.parts.whole.n > 0 &&
		     read.parts.whole.n <= ZTP_PATH_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_file file;

	if (size == 0)
		return 0;
	if (*data == 'a') {
		ask((const char *)data + 1, size - 1);
	} else {
		fuzz_file_make(&file, data + 1, size - 1);
		(*data == 'p' ? properties : fingerprints)(
			file.name, lines(data + 1, size - 1));
		fuzz_file_end(&file);
	}
	return 0;
}
