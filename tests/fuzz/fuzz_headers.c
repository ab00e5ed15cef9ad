/*
 * The headers of a record of ztp.decisions, which anybody may write there: as
 * many lines "name:value" as the first byte says, then the value. Whatever the
 * headers are, the decision is read or refused, and what of them goes into a
 * dead letter is within its bounds.
 */
#include "fuzz.h"

#include "bridge/kafka/record_bounds.h"
#include "ztp/decision.h"

#define COUNT_MAX 64
#define ROOM	  48

struct headers {
	struct ztp_header items[COUNT_MAX];
	char *lines[COUNT_MAX];
	size_t count;
};

static void read_headers(struct headers *h, size_t count, const uint8_t **data,
			 size_t *size)
{
	for (h->count = 0; h->count<count && * size> 0; h->count++) {
		char *line = fuzz_line(data, size);
		char *colon = strchr(line, ':');
		struct ztp_header *header = &h->items[h->count];

		h->lines[h->count] = line;
		header->name = line;
		/* without a colon: a null value */
		header->value = (struct ztp_str){NULL, 0};
		if (colon) {
			*colon = '\0';
			header->value =
				(struct ztp_str){colon + 1, strlen(colon + 1)};
		}
	}
}

static void copy(const struct headers *h)
{
	struct ztp_header out[ROOM];
	char left_out[24];
	size_t n = record_copy_headers(out, ROOM, h->items, h->count, left_out);
	size_t bytes = 0, i;

	MUST(n <= ROOM);
	for (i = 0; i < n; i++) {
		MUST(out[i].value.n <= RECORD_HEADER_MAX);
		bytes += out[i].value.n;
	}
	MUST(bytes <= RECORD_HEADERS_MAX + sizeof(left_out));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ztp_decision decision;
	struct ztp_error error = {0};
	struct headers h;
	size_t i;
	int rc;

	if (size < 1)
		return 0;
	size--;
	read_headers(&h, *data++ % (COUNT_MAX + 1), &data, &size);
	rc = ztp_decision_parse(&decision, (const char *)data, size, h.items,
				h.count, &error);
	MUST(rc == 0 || (error.code == (enum ztp_err)rc && *error.message));
	if (rc == 0)
		ztp_decision_clear(&decision);
	copy(&h);
	for (i = 0; i < h.count; i++)
		free(h.lines[i]);
	return 0;
}
