/*
 * A record of ztp.state: its key, a newline, its value; without a newline the
 * value is null. What is taken is a row that can be written again, as the same.
 */
#include "fuzz.h"

#include "bridge/store/state_row.h"

static void same(const struct state_row *a, const struct state_row *b)
{
	int i;

	MUST(a->kind == b->kind && a->count == b->count);
	for (i = 0; i < a->count; i++) {
		const struct state_cell *x = &a->cells[i], *y = &b->cells[i];

		MUST(x->type == y->type && x->number == y->number);
		MUST(x->bytes.n == y->bytes.n);
		MUST(x->bytes.n == 0 ||
		     memcmp(x->bytes.p, y->bytes.p, x->bytes.n) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *end = memchr(data, '\n', size);
	struct ztp_str key = {(const char *)data, size};
	struct ztp_str value = {NULL, 0};
	struct state_bytes bytes = {0};
	struct state_row row, again;

	if (end) {
		key.n = (size_t)(end - key.p);
		value = (struct ztp_str){end + 1, size - key.n - 1};
	}
	if (state_row_decode(&row, key, value, NULL) != 0 || row.removed)
		return 0;
	MUST(state_row_encode(&bytes, &row, NULL) == 0);
	value = (struct ztp_str){(const char *)bytes.p, bytes.len};
	MUST(state_row_decode(&again, key, value, NULL) == 0);
	same(&row, &again);
	free(bytes.p);
	return 0;
}
