/*
 * tools/common/answer.h - a customer's answer and the Kafka record for it, in
 * each format that the bridge accepts (DESIGN section 3). Pure, except
 * ztp_attachment_load.
 */
#ifndef ZTP_TOOLS_ANSWER_H
#define ZTP_TOOLS_ANSWER_H

#include "tools/common/ask.h"
#include "ztp/decision.h"

#define ZTP_ANSWER_TYPE	   ZTP_CE_NAME("decided")
#define ZTP_ANSWER_HEADERS 9

enum ztp_answer_format {
	ZTP_ANSWER_NATIVE,
	ZTP_ANSWER_OMNICORE,
	ZTP_ANSWER_CE_BINARY,
	ZTP_ANSWER_CE_STRUCTURED,
};

/* native, omnicore, cloudevent, cloudevent-structured. */
bool ztp_answer_format_parse(enum ztp_answer_format *format, const char *name);

/* The content of a payload file, at most ZTP_PAYLOAD_MAX bytes. */
struct ztp_attachment {
	char *data; /* owned, NUL-terminated; NULL: none */
	size_t len;
	bool json; /* strictly valid JSON: sent as it is, otherwise as base64 */
	bool text; /* fits a JSON string: UTF-8 without NUL */
	bool is_template; /* has placeholders: tools/common/template.h */
	char content_type[ZTP_CONTENT_TYPE_MAX + 1]; /* "": not given */
};

/* Reads a file and finds out what it is. An empty one is refused: the device
 * would be approved for good, without what it needs. Free it with ztp_attachment_clear. */
int ztp_attachment_load(struct ztp_attachment *attachment, const char *path,
			struct ztp_error *error);
/* The same for data in memory, which is copied. */
int ztp_attachment_set(struct ztp_attachment *attachment, const char *data,
		       size_t len, struct ztp_error *error);
/* Can that format carry this payload? OmniCore's is a string. */
bool ztp_attachment_fits(const struct ztp_attachment *attachment,
			 enum ztp_answer_format format);
/* Was it meant to be JSON, and is sent as bytes all the same? `why` (may be
 * NULL) says what is wrong. */
bool ztp_attachment_is_spoilt(const struct ztp_attachment *attachment,
			      struct ztp_error *why);
void ztp_attachment_clear(struct ztp_attachment *attachment);

struct ztp_answer {
	bool leave; /* none is sent: the request is left to somebody else */
	bool approve;
	const char *reason; /* NULL or "": none, as below */
	const char *message;
	const char *decided_by;
	const struct ztp_attachment *payload; /* NULL: none */
	const char *rule; /* the name of the rule, for the line on stdout */
};

/* approve, reject or leave. */
const char *ztp_answer_verdict(const struct ztp_answer *answer);

/* A record ready to be sent; its key is the device's path. Headers point into
 * the record, into the request and to constants. */
struct ztp_answer_record {
	char *value; /* owned */
	size_t len;
	struct ztp_header headers[ZTP_ANSWER_HEADERS];
	size_t header_count;
	char id[33];
	char time[ZTP_TIME_LEN];
};

#define ZTP_ANSWER_LEAVE "leave"

/* Needs the request's request_id and path. A payload template is filled in from
 * the request, so it is the same each time. The fingerprint is included if it is
 * known and the format has a member for it. The CloudEvent's id is a hash of
 * request id and verdict, so a decision that is sent again repeats it. now_ms:
 * wall clock. The record must not outlive the request. Free it with
 * ztp_answer_clear. */
int ztp_answer_build(struct ztp_answer_record *record,
		     enum ztp_answer_format format, const struct ztp_ask *ask,
		     const struct ztp_answer *answer, int64_t now_ms,
		     struct ztp_error *error);
void ztp_answer_clear(struct ztp_answer_record *record);

#endif
