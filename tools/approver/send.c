#include "tools/approver/send.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "tools/common/cli.h"

void answer_for(struct ztp_answer *answer, const struct options *options,
		const struct ztp_ask *ask)
{
	if (options->by == BY_RULES) {
		ztp_rules_decide(answer, &options->rules, ask,
				 ztp_clock_wall());
	} else {
		*answer = (struct ztp_answer){
			.approve = options->by == BY_APPROVE,
			.reason = options->reason,
			.message = options->message,
			.rule = options->by == BY_APPROVE ? APPROVE_ALL
							  : REJECT_ALL,
		};
	}
	if (!answer->payload && answer->approve && options->payload.data)
		answer->payload = &options->payload;
	answer->decided_by = options->decided_by;
}

void answer_by_hand(struct ztp_answer *answer, const struct options *options)
{
	*answer = (struct ztp_answer){
		.approve = options->by == BY_APPROVE,
		.reason = options->reason,
		.message = options->message,
		.decided_by = options->decided_by,
		.payload = options->payload.data ? &options->payload : NULL,
		.rule = "by hand",
	};
}

const char *decisions_wanted(const struct options *options,
			     const struct ztp_ask *ask)
{
	return options->decisions_given || !*ask->decision_topic
		       ? options->decisions
		       : ask->decision_topic;
}

const char *decisions_of(const struct options *options,
			 const struct ztp_ask *ask)
{
	static bool said; /* by the process */
	const char *topic = decisions_wanted(options, ask);

	if (!said && *ask->decision_topic &&
	    strcmp(topic, ask->decision_topic) != 0) {
		ztp_cli_warn(PROGRAM,
			     "warning: request %s wants its decision in %s; "
			     "--decisions says %s",
			     ask->request_id, ask->decision_topic, topic);
		said = true;
	}
	return topic;
}

int send_answer(rd_kafka_t *producer, const struct options *options,
		const struct ztp_ask *ask, const struct ztp_answer *answer,
		void *opaque, struct ztp_error *error)
{
	struct ztp_answer_record record;
	int rc = ztp_answer_build(&record, options->format, ask, answer,
				  ztp_clock_wall(), error);

	if (rc)
		return rc;
	rc = ztp_kafka_send(producer,
			    &(struct ztp_kafka_record){
				    .topic = decisions_of(options, ask),
				    .key = ask->path,
				    .value = {record.value, record.len},
				    .headers = record.headers,
				    .header_count = record.header_count,
				    .opaque = opaque,
			    },
			    error);
	ztp_answer_clear(&record);
	return rc;
}

int report(const struct ztp_error *error)
{
	ztp_cli_warn(PROGRAM, "%s", error->message);
	return error->code == ZTP_ERR_USAGE ? ZTP_EXIT_USAGE : ZTP_EXIT_FAILED;
}

size_t answer_line(char out[ANSWER_LINE_MAX], const struct ztp_ask *ask,
		   const char *verdict, const char *rule)
{
	char now[ZTP_TIME_LEN];
	int n;

	ztp_time_format(now, ztp_clock_wall());
	n = snprintf(out, ANSWER_LINE_MAX, "%s %s %s %s %s %.500s\n", now,
		     verdict, ask->request_id, ask->path,
		     ask->fingerprint[0] ? ask->fingerprint : "-", rule);
	return n < 0 ? 0 : (size_t)n;
}
