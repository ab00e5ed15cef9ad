/*
 * tests/unit/life_played.h - plays the parts below bridge/life that talk to the
 * outside: Kafka's producer, the MQTT connection, the gate. Their functions are
 * defined here, behind the same headers, and the linker takes these instead. A
 * test says what they answer and looks at the calls.
 */
#ifndef TEST_LIFE_PLAYED_H
#define TEST_LIFE_PLAYED_H

#include "bridge/kafka/producer.h"
#include "bridge/mqtt/mqtt_out.h"
#include "bridge/registrar/control.h"
#include "bridge/registrar/registrar.h"

#define PLAYED_MAX 300

/* A copy of a record, as C strings; NULL is Kafka's null. */
struct played_record {
	enum store_topic topic;
	int64_t request;
	char *key, *value;
	size_t value_len, header_count;
	char *names[ZTP_HEADERS_MAX], *values[ZTP_HEADERS_MAX];
};

void played_record_copy(struct played_record *copy,
			const struct store_record *record);
void played_record_clear(struct played_record *copy); /* idempotent */
/* "" when there is no header of that name. */
const char *played_header(const struct played_record *record, const char *name);

struct producer {
	bool takes; /* takes records directly; otherwise they go to the outbox */
	int room;   /* ... so many, then it is full; 0: any number */
	bool soon;  /* and makes room in this turn */
	int count;  /* of records taken */
	struct played_record last;
	struct journal_mark from;
};

/* A publish. */
struct played_said {
	int mid;
	char topic[ZTP_TOPIC_MAX + 1], text[1024];
	/* its properties; without any, as in MQTT 3.1.1, all are "" and 0 */
	char content_type[64], request_id[ZTP_REQUEST_ID_MAX + 1], status[16];
	char correlation[ZTP_REQUEST_ID_MAX + 1];
	uint32_t expiry_s;
};

struct mqtt_out {
	bool connected;
	int rc;	    /* of every publish: 0 or MOSQ_ERR_* */
	int rc_sub; /* of every subscription */
	struct mqtt_out_user *user;
	struct played_said said[PLAYED_MAX];
	int count, flushes;
	char subscribed[128];
	bool needed; /* that subscription */
};

struct registrar {
	bool ready, absent;
	bool full;    /* no room for another question */
	int64_t busy; /* with this row */
	bool keeps;   /* and with all that it was sent */
	int written;
	int64_t not_written; /* the last row */
	bool losers;	     /* are to be told before anything is registered */
	int64_t sent[16], asked[16], later[16];
	int sent_count, asked_count, later_count;
	char disposed[16][ZTP_REQUEST_ID_MAX + 1];
	int disposed_count;
	/* what it has heard since the last turn */
	struct registrar_answer answers[16];
	struct control_answer words[16];
	int answer_count;
	struct registrar_subscription subscriptions[4];
	int subscription_count;
};

#endif
