/*
 * ztp-approver test: what the rules would decide about the requests on stdin.
 * Nothing is sent, and Kafka is not needed. A line is a request, as kcat prints
 * it, or a record as `watch --json` does, whose other records are skipped.
 * There is nothing to put in order at the end, so a signal ends it as it does any
 * filter, also while nobody writes to stdin.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tools/approver/options.h"
#include "tools/approver/send.h"
#include "tools/common/cli.h"
#include "ztp/json.h"
#include "ztp/member.h"
#include "ztp/text.h"

#define TEST_LINE_MAX (1024 * 1024) /* bytes: a record with its headers */

/* Reads one line without its end. Returns false at the end of the input. A line
 * that is too long is read to its end, and *len is more than TEST_LINE_MAX. */
static bool next_line(char *line, size_t *len)
{
	int c = getchar();

	*len = 0;
	if (c == EOF)
		return false;
	for (; c != EOF && c != '\n'; c = getchar()) {
		if (*len < TEST_LINE_MAX)
			line[*len] = (char)c;
		if (*len <= TEST_LINE_MAX)
			++*len;
	}
	return true;
}

/* The request in a line; its p is NULL if it is another topic's record. */
static struct ztp_str request_in(struct ztp_str line,
				 const struct options *options)
{
	struct ztp_field fields[] = {{.name = ZTP_M_TOPIC}, {.name = "value"}};
	struct ztp_str topic, none = {NULL, 0};
	struct ztp_object record;
	bool other;

	if (ztp_object_read(&record, fields, 2, line, TEST_LINE_MAX, NULL) != 0)
		return line;
	if (fields[0].kind != '"' || fields[1].kind == 0) {
		ztp_object_clear(&record);
		return line;
	}
	other = ztp_object_string(&topic, &record, 0, ZTP_TOPIC_NAME_MAX,
				  NULL) != 0 ||
		topic.n != strlen(options->requests) ||
		memcmp(topic.p, options->requests, topic.n) != 0;
	ztp_object_clear(&record);
	return other ? none : fields[1].raw;
}

static bool test_line(const struct options *options, struct ztp_str line,
		      long number)
{
	struct ztp_str request = request_in(line, options);
	struct ztp_answer answer;
	struct ztp_error error;
	struct ztp_ask ask;

	if (!request.p)
		return true;
	if (ztp_ask_parse(&ask, request.p, request.n, &error) != 0) {
		ztp_cli_warn(PROGRAM, "line %ld: %s", number, error.message);
		return false;
	}
	answer_for(&answer, options, &ask);
	printf("%s %s %s %s %s\n", ztp_answer_verdict(&answer), ask.request_id,
	       ask.path, ask.fingerprint[0] ? ask.fingerprint : "-",
	       answer.rule);
	return true;
}

int test_command(const struct options *options)
{
	char *line = malloc(TEST_LINE_MAX);
	bool ok = line != NULL;
	long number = 0;
	size_t len;

	if (!line)
		ztp_cli_warn(PROGRAM, "out of memory");
	while (line && next_line(line, &len)) {
		number++;
		if (len > TEST_LINE_MAX) {
			ztp_cli_warn(PROGRAM, "line %ld is longer than 1 MiB",
				     number);
			ok = false;
		} else if (ztp_str_trim((struct ztp_str){line, len}).n > 0) {
			ok = test_line(options, (struct ztp_str){line, len},
				       number) &&
			     ok;
		}
	}
	free(line);
	if (ferror(stdin)) {
		ztp_cli_warn(PROGRAM, "cannot read stdin: %s", strerror(errno));
		ok = false;
	}
	return ok ? ZTP_EXIT_OK : ZTP_EXIT_FAILED;
}
