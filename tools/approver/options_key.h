/* tools/approver/options_key.h - the options, and how each value is read. */
#ifndef ZTP_APPROVER_OPTIONS_KEY_H
#define ZTP_APPROVER_OPTIONS_KEY_H

#include "tools/approver/options.h"

enum key {
	KEY_FIRST = 256,
	KEY_BROKERS = KEY_FIRST,
	KEY_GROUP,
	KEY_PROPERTIES,
	KEY_REQUESTS,
	KEY_DECISIONS,
	KEY_RESULTS,
	KEY_RULES,
	KEY_APPROVE_ALL,
	KEY_REJECT_ALL,
	KEY_APPROVE,
	KEY_REJECT,
	KEY_PAYLOAD,
	KEY_CONTENT_TYPE,
	KEY_FORMAT,
	KEY_REASON,
	KEY_MESSAGE,
	KEY_DECIDED_BY,
	KEY_DELAY,
	KEY_COUNT,
	KEY_DEVICE,
	KEY_FINGERPRINT,
	KEY_TIMEOUT,
	KEY_NO_WAIT,
	KEY_JSON,
	KEY_FROM_BEGINNING,
	KEY_FROM,
	KEY_DRY_RUN,
	KEY_ALL,
	KEY_MATCH,
	KEY_EXPIRE,
	KEY_REGISTRY,
	KEY_FINGERPRINTS,
	KEY_DLQ,
	KEY_LISTEN,
	KEY_TOKENS,
	KEY_TLS_CERT,
	KEY_TLS_KEY,
	KEY_CLIENT_CA,
	KEY_BEHIND_PROXY,
	KEY_HELP,
	KEY_VERSION,
};

/* False: the value is not valid. */
bool options_set(struct options *options, int key, const char *value);
/* What it is to be, for a message that ends with the value; or "". */
const char *options_wanted(int key);
/* False: it is no number's option. */
bool options_range(int key, int64_t *min, int64_t *max);

#endif
