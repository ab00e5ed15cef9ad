/*
 * tools/approver/options.h - the command line of ztp-approver and the files it
 * names. Rules and payload are read here, so that an error in them is found
 * before the first record is read.
 */
#ifndef ZTP_APPROVER_OPTIONS_H
#define ZTP_APPROVER_OPTIONS_H

#include "tools/common/answer.h"
#include "tools/common/kafka.h"
#include "tools/common/rules.h"
#include "tools/serve/serve.h"
#include "ztp/topics.h"

#define PROGRAM ZTP_APPROVER

/* Options that also serve as the names of their rules. */
#define APPROVE_ALL "approve-all"
#define REJECT_ALL  "reject-all"

enum command {
	COMMAND_RUN = 1,
	COMMAND_WATCH = 2,
	COMMAND_DECIDE = 4,
	COMMAND_TEST = 8,
	COMMAND_SIMULATE = 16,
	COMMAND_SERVE = 32,
};

/* Where run begins if its group has no offsets. */
enum from_where { FROM_OPEN, FROM_BEGINNING, FROM_NOW };

enum verdict_by { BY_NOTHING, BY_RULES, BY_APPROVE, BY_REJECT };

struct options {
	enum command command;
	enum verdict_by by;
	enum ztp_answer_format format;
	enum from_where from;
	const char *brokers, *group;
	const char *requests, *decisions, *results, *dlq; /* topics */
	struct ztp_kafka_props props;

	const char *rules_file, *payload_file, *content_type;
	const char *reason, *message, *decided_by;
	struct ztp_rules rules;
	struct ztp_attachment payload;
	int64_t delay_ms;
	int64_t count; /* 0: no limit */
	int64_t timeout_s;

	const char *request_id, *device, *match;  /* decide */
	const char *fingerprints_file, *registry; /* simulate */
	struct ztp_fingerprints fingerprints;
	int64_t expire_s;
	struct serve_settings serve;

	char fingerprint[ZTP_SHA256_HEX]; /* "": not given */
	bool contradicts; /* more than one of what decides was given */
	bool no_wait, dry_run, json, from_beginning;
	bool all;	      /* decide, without request_id */
	bool decisions_given; /* otherwise the request says which topic */
};

/* Returns 0 to go on, otherwise the exit code plus one; the error has then been
 * reported. *options points into argv. Call options_clear in any case. */
int options_read(struct options *options, int argc, char **argv);
void options_clear(struct options *options);

/* The commands; each returns the exit code. */
int run_command(struct options *options);
int watch_command(const struct options *options);
int decide_command(const struct options *options);
int decide_all_command(const struct options *options);
int test_command(const struct options *options);
int simulate_command(const struct options *options);
int serve_command(const struct options *options);

#endif
