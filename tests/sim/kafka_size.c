/* How large records are: as librdkafka counts them, and as they are written. */
#include <string.h>

#include "tests/sim/kafka_handle.h"

#define RECORD_BYTES 36 /* around key, value and headers, at most */
#define BATCH_BYTES  61 /* around the records */

/* A length as it is written: zigzag, 7 bits to a byte. */
static size_t length_size(int64_t n)
{
	size_t size = 1;

	for (n *= 2; n >= 128; n /= 128)
		size++;
	return size;
}

static size_t headers_size(rd_kafka_headers_t *headers)
{
	size_t i, n, size = 0;
	const char *name;
	const void *text;

	for (i = 0; headers &&
		    rd_kafka_header_get_all(headers, i, &name, &text, &n) == 0;
	     i++)
		size += length_size((int64_t)strlen(name)) + strlen(name) +
			length_size((int64_t)n) + n;
	return size;
}

size_t kafka_record_bytes(size_t key, size_t value, rd_kafka_headers_t *headers)
{
	return RECORD_BYTES + key + value + headers_size(headers);
}

static size_t written(const struct message *message, int64_t index,
		      int64_t since)
{
	size_t count =
		message->headers ? rd_kafka_header_cnt(message->headers) : 0;
	size_t size =
		1 /* attributes */ + length_size(since) + length_size(index) +
		length_size((int64_t)message->m.key_len) + message->m.key_len +
		length_size((int64_t)message->m.len) + message->m.len +
		length_size((int64_t)count) + headers_size(message->headers);

	return length_size((int64_t)size) + size;
}

size_t kafka_batch_bytes(const struct batch *batch)
{
	const struct message *message = batch->messages;
	int64_t begin = message ? message->at : 0, index = 0;
	size_t size = BATCH_BYTES;

	for (; message; message = message->next)
		size += written(message, index++, message->at - begin);
	return size;
}
