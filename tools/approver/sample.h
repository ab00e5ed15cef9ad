/*
 * tools/approver/sample.h - the requests that simulate makes, and what becomes
 * of them. Of each ten, one is announced twice, and one is another certificate
 * for the device before it: an approver has to cope with both. The certificates
 * are not real: only what a request says of them is.
 */
#ifndef ZTP_APPROVER_SAMPLE_H
#define ZTP_APPROVER_SAMPLE_H

#include "tools/approver/options.h"
#include "ztp/life.h"

#define SAMPLES_MAX 100000

struct sample {
	char id[ZTP_UUID_LEN];
	char *path; /* owned */
	uint8_t fingerprint[ZTP_SHA256_LEN];
	uint8_t spki[ZTP_SHA256_LEN];
	char traceparent[ZTP_TRACEPARENT_LEN];
	int64_t received_at, expires_at; /* ms, wall clock */
	int contenders;
	bool announced_twice;
	enum ztp_state state;
	struct ztp_held held; /* the decision that it has, if any */
};

/* Makes options->count of them; free them with samples_free. NULL: no
 * memory. */
struct sample *samples_new(const struct options *options, int64_t now_ms);
void samples_free(struct sample *samples, size_t count); /* NULL-safe */

/* NULL: there is no such request. */
struct sample *sample_find(struct sample *samples, size_t count,
			   const char *id);
/* The other certificate of its device, or NULL. */
struct sample *sample_rival(struct sample *samples, size_t count,
			    const struct sample *sample);

/* The record's value, as the bridge builds it; the caller frees *json. */
int sample_request(char **json, const struct sample *sample,
		   const char *decision_topic, struct ztp_error *error);

#endif
