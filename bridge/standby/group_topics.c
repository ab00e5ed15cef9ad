/*
 * The topics of a group of bridges.
 *
 * Of ztp.state each setting keeps a promise. Compaction alone, or the state would
 * end after some days. A row that is removed has to stay removed for a copy that
 * was away for a day; what was erased has to be gone from disks soon, also from
 * the segment that is written to. The time of a record has to be Kafka's, because
 * deadlines are compared with it.
 *
 * __transaction_state says whether a transaction was committed. With fewer
 * replicas than the topics it would be the first to be lost, and the state would
 * be there without anybody knowing which of it counts.
 */
#include "bridge/standby/group_topics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/kafka/kafka.h"
#include "bridge/kafka/kafka_acl.h"
#include "bridge/standby/group_rights.h"

#define ANSWER_MS	     5000
#define TRANSACTION_STATE    "__transaction_state"
#define TRANSACTION_REPLICAS "transaction.state.log.replication.factor"
#define PROTOCOL_VERSION     "inter.broker.protocol.version"
#define IN_SYNC		     "min.insync.replicas"
#define IN_SYNC_MIN	     2
#define IN_SYNC_TEXT	     "2"
#define DEFAULT_REPLICAS     "default.replication.factor"
#define NEW_REPLICAS	     3 /* where Kafka by itself would make one */
#define OLDEST_MAJOR	     2
#define OLDEST_MINOR	     5

enum rule { IS, LEAST, MOST, FOREVER };

static const struct setting {
	enum group_topic topic;
	enum rule rule;
	const char *name;
	double value;
	const char *text;
} settings[] = {
#define X(topic, name, rule, value, text)                                      \
	{GROUP_##topic, rule, name, value, text},
	GROUP_TOPIC_RULES(X)
#undef X
};

#define SETTINGS (sizeof(settings) / sizeof(*settings))

const char *group_topic_name(const struct config *config,
			     enum group_topic topic)
{
	return topic == GROUP_STATE ? config->kafka.topics.state
				    : config->kafka.topics.journal;
}

/* --- rules */

static int fail(struct ztp_error *error, const char *name, const char *value,
		const char *than, const char *want)
{
	return ztp_fail(error, ZTP_ERR_VALUE, "%s is %.40s, and must be %s%s",
			name, value, than, want);
}

static int judge(const struct setting *setting, const char *value,
		 struct ztp_error *error)
{
	double number = strtod(value, NULL);

	switch (setting->rule) {
	case IS:
		if (strcmp(value, setting->text) != 0)
			return fail(error, setting->name, value, "",
				    setting->text);
		break;
	case MOST:
		if (number > setting->value)
			return fail(error, setting->name, value, "at most ",
				    setting->text);
		break;
	case FOREVER: /* a negative number means so */
		if (number < 0)
			break;
		/* fall through */
	case LEAST:
		if (number < setting->value)
			return fail(error, setting->name, value, "at least ",
				    setting->text);
		break;
	}
	return 0;
}

int group_topic_setting(enum group_topic topic, const char *name,
			const char *value, int replicas,
			struct ztp_error *error)
{
	if (strcmp(name, IN_SYNC) == 0 && replicas > 1 &&
	    strtol(value, NULL, 10) < IN_SYNC_MIN)
		return fail(error, IN_SYNC, value, "at least ", IN_SYNC_TEXT);
	for (size_t i = 0; i < SETTINGS; i++)
		if (settings[i].topic == topic &&
		    strcmp(settings[i].name, name) == 0)
			return judge(&settings[i], value, error);
	return 0;
}

bool group_kafka_version_ok(const char *version)
{
	char *end;
	long major = strtol(version, &end, 10);
	long minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;

	return end == version || *end != '.' || major > OLDEST_MAJOR ||
	       (major == OLDEST_MAJOR && minor >= OLDEST_MINOR);
}

/* --- what Kafka says */

struct facts {
	int partitions[GROUP_TOPICS], replicas[GROUP_TOPICS];
	int transaction_replicas; /* 0: it is not there yet */
	int default_replicas;	  /* of a new topic; 0: Kafka does not tell */
	int brokers, broker;	  /* how many, and the id of one */
};

static int no_answer(struct ztp_error *error)
{
	return ztp_fail(error, ZTP_ERR_IO, "kafka does not answer");
}

static void read_topic(struct facts *facts, const struct config *config,
		       const rd_kafka_metadata_topic_t *topic)
{
	int replicas =
		topic->partition_cnt > 0 ? topic->partitions[0].replica_cnt : 0;

	if (topic->err)
		return;
	if (strcmp(topic->topic, TRANSACTION_STATE) == 0)
		facts->transaction_replicas = replicas;
	for (int i = 0; i < GROUP_TOPICS; i++) {
		if (strcmp(topic->topic,
			   group_topic_name(config, (enum group_topic)i)) != 0)
			continue;
		facts->partitions[i] = topic->partition_cnt;
		facts->replicas[i] = replicas;
	}
}

/* Of all topics: to ask for one by its name may create it. */
static int ask_topics(rd_kafka_t *rk, const struct config *config,
		      struct facts *facts, struct ztp_error *error)
{
	const rd_kafka_metadata_t *md = NULL;

	memset(facts, 0, sizeof(*facts));
	if (rd_kafka_metadata(rk, 1, NULL, &md, ANSWER_MS) !=
		    RD_KAFKA_RESP_ERR_NO_ERROR ||
	    md->broker_cnt == 0) {
		if (md)
			rd_kafka_metadata_destroy(md);
		return no_answer(error);
	}
	facts->brokers = md->broker_cnt;
	facts->broker = md->brokers[0].id;
	for (int i = 0; i < md->topic_cnt; i++)
		read_topic(facts, config, &md->topics[i]);
	rd_kafka_metadata_destroy(md);
	return 0;
}

/* --- settings */

typedef int visit_setting(void *arg, const char *name, const char *value,
			  struct ztp_error *error);

static int visit_all(const rd_kafka_ConfigResource_t *resource,
		     visit_setting *visit, void *arg, struct ztp_error *error)
{
	const rd_kafka_ConfigEntry_t **entries;
	size_t count = 0;
	int rc = 0;

	entries = rd_kafka_ConfigResource_configs(resource, &count);
	for (size_t i = 0; i < count && rc == 0; i++) {
		const char *value = rd_kafka_ConfigEntry_value(entries[i]);

		if (value)
			rc = visit(arg, rd_kafka_ConfigEntry_name(entries[i]),
				   value, error);
	}
	return rc;
}

/* Who may not look at settings has to know that they are right. */
static int ask_settings(rd_kafka_t *rk, rd_kafka_ResourceType_t type,
			const char *name, visit_setting *visit, void *arg,
			struct ztp_error *error)
{
	rd_kafka_ConfigResource_t *resource =
		rd_kafka_ConfigResource_new(type, name);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	const rd_kafka_ConfigResource_t **found = NULL;
	rd_kafka_event_t *event;
	size_t count = 0;
	int rc = 0;

	rd_kafka_DescribeConfigs(rk, &resource, 1, NULL, queue);
	event = rd_kafka_queue_poll(queue, ANSWER_MS);
	if (event && rd_kafka_event_error(event) ==
			     RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE)
		rc = ztp_fail(error, ZTP_ERR_VALUE,
			      "kafka does not tell its settings: it must be "
			      "2.5 or later, and have transactions");
	else if (!event || rd_kafka_event_error(event))
		rc = no_answer(error);
	else
		found = rd_kafka_DescribeConfigs_result_resources(
			rd_kafka_event_DescribeConfigs_result(event), &count);
	if (rc == 0 && count == 1 && !rd_kafka_ConfigResource_error(found[0]))
		rc = visit_all(found[0], visit, arg, error);
	if (event)
		rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
	rd_kafka_ConfigResource_destroy(resource);
	return rc;
}

struct looking {
	struct facts *facts;
	int needs; /* replicas that __transaction_state must have */
};

struct looking_at_topic {
	enum group_topic topic;
	int replicas;
};

static int see_topic(void *arg, const char *name, const char *value,
		     struct ztp_error *error)
{
	const struct looking_at_topic *looking = arg;

	return group_topic_setting(looking->topic, name, value,
				   looking->replicas, error);
}

int group_topic_judge(const rd_kafka_ConfigResource_t *told,
		      enum group_topic topic, int replicas,
		      struct ztp_error *error)
{
	struct looking_at_topic looking = {topic, replicas};
	struct ztp_error why = {0};
	int rc = visit_all(told, see_topic, &looking, &why);

	return rc == 0 ? 0
		       : ztp_fail(error, rc, "%s: %s",
				  rd_kafka_ConfigResource_name(told),
				  why.message);
}

static int see_broker(void *arg, const char *name, const char *value,
		      struct ztp_error *error)
{
	const struct looking *looking = arg;

	if (strcmp(name, DEFAULT_REPLICAS) == 0)
		looking->facts->default_replicas = (int)strtol(value, NULL, 10);
	if (strcmp(name, PROTOCOL_VERSION) == 0 &&
	    !group_kafka_version_ok(value))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"kafka is %.20s, and must be 2.5 or later",
				value);
	if (strcmp(name, TRANSACTION_REPLICAS) != 0 ||
	    looking->facts->transaction_replicas != 0)
		return 0;
	if (strtol(value, NULL, 10) > looking->facts->brokers)
		return ztp_fail(
			error, ZTP_ERR_VALUE,
			"kafka has no transactions: " TRANSACTION_REPLICAS
			" is %.20s, and there are "
			"%d brokers",
			value, looking->facts->brokers);
	if (strtol(value, NULL, 10) < looking->needs)
		return fail(error, TRANSACTION_REPLICAS, value,
			    "at least that of ", "the topics");
	return 0;
}

/* --- the check */

static int check_topic(rd_kafka_t *rk, const struct config *config,
		       struct facts *facts, enum group_topic topic,
		       struct ztp_error *error)
{
	const char *name = group_topic_name(config, topic);
	struct looking_at_topic looking = {topic, facts->replicas[topic]};
	struct ztp_error why = {0};
	int rc;

	if (facts->partitions[topic] == 0)
		return ztp_fail(error, ZTP_ERR_VALUE, "%s does not exist",
				name);
	if (facts->partitions[topic] != 1)
		return ztp_fail(error, ZTP_ERR_VALUE,
				"%s has %d partitions, and must have one", name,
				facts->partitions[topic]);
	if (facts->replicas[topic] == 1 && facts->brokers > 1)
		return ztp_fail(error, ZTP_ERR_VALUE,
				"%s has one replica, and must have at least "
				"two: there are %d brokers",
				name, facts->brokers);
	rc = ask_settings(rk, RD_KAFKA_RESOURCE_TOPIC, name, see_topic,
			  &looking, &why);
	return rc == 0 ? 0 : ztp_fail(error, rc, "%s: %s", name, why.message);
}

static int check_broker(rd_kafka_t *rk, struct facts *facts,
			struct ztp_error *error)
{
	struct looking looking = {.facts = facts};
	char id[16];

	for (int i = 0; i < GROUP_TOPICS; i++)
		if (facts->replicas[i] > looking.needs)
			looking.needs = facts->replicas[i];
	if (facts->transaction_replicas > 0 &&
	    facts->transaction_replicas < looking.needs)
		return ztp_fail(error, ZTP_ERR_VALUE,
				TRANSACTION_STATE
				" has %d replicas, fewer than the topics' %d",
				facts->transaction_replicas, looking.needs);
	snprintf(id, sizeof(id), "%d", facts->broker);
	return ask_settings(rk, RD_KAFKA_RESOURCE_BROKER, id, see_broker,
			    &looking, error);
}

/* Made, or being made by another bridge: both are seen when it is looked at
 * again. */
static int on_created(rd_kafka_event_t *event, struct core *core,
		      const char *name, struct ztp_error *error)
{
	const rd_kafka_topic_result_t **made = NULL;
	rd_kafka_resp_err_t err;
	size_t count = 0;

	if (!event || rd_kafka_event_error(event))
		return 0;
	made = rd_kafka_CreateTopics_result_topics(
		rd_kafka_event_CreateTopics_result(event), &count);
	err = count == 1 ? rd_kafka_topic_result_error(made[0])
			 : RD_KAFKA_RESP_ERR_NO_ERROR;
	if (kafka_is_denied(err))
		return kafka_denied(error, KAFKA_RIGHT_CREATE_TOPIC, name);
	if (!err)
		log_info(core->log, "kafka_topic_created",
			 LOG_STR("topic", name));
	else if (err != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
		return ztp_fail(error, ZTP_ERR_VALUE,
				"%s cannot be made: %.100s", name,
				rd_kafka_err2str(err));
	return 0;
}

static rd_kafka_NewTopic_t *make_topic(const struct config *config,
				       const struct facts *facts,
				       enum group_topic topic)
{
	bool several = facts->default_replicas >= IN_SYNC_MIN;
	int replicas = -1; /* as many as Kafka gives it */
	rd_kafka_NewTopic_t *made;
	char text[256] = "";

	if (!several && facts->brokers > 1)
		replicas = facts->brokers < NEW_REPLICAS ? facts->brokers
							 : NEW_REPLICAS;
	made = rd_kafka_NewTopic_new(group_topic_name(config, topic), 1,
				     replicas, text, sizeof(text));
	for (size_t i = 0; i < SETTINGS && made; i++)
		if (settings[i].topic == topic)
			rd_kafka_NewTopic_set_config(made, settings[i].name,
						     settings[i].text);
	if (made && (several || replicas > 1))
		rd_kafka_NewTopic_set_config(made, IN_SYNC, IN_SYNC_TEXT);
	return made;
}

static int create(rd_kafka_t *rk, struct core *core, const struct facts *facts,
		  enum group_topic topic, struct ztp_error *error)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_NewTopic_t *made = make_topic(core->config, facts, topic);
	rd_kafka_event_t *event = NULL;
	int rc;

	if (made) {
		rd_kafka_CreateTopics(rk, &made, 1, NULL, queue);
		event = rd_kafka_queue_poll(queue, 2 * ANSWER_MS);
		rd_kafka_NewTopic_destroy(made);
	}
	rc = on_created(event, core, group_topic_name(core->config, topic),
			error);
	if (event)
		rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
	return rc;
}

static int look(struct core *core, rd_kafka_t *rk, int replicas[GROUP_TOPICS],
		struct ztp_error *error)
{
	const struct config *config = core->config;
	struct facts facts;
	int rc = ask_topics(rk, config, &facts, error);
	bool made = false;

	if (rc == 0) /* first: the embedded Kafka answers nothing else */
		rc = check_broker(rk, &facts, error);
	if (rc == 0)
		rc = group_rights_check(core, ANSWER_MS, error);
	for (int i = 0; i < GROUP_TOPICS && rc == 0; i++) {
		if (facts.partitions[i] > 0 || !config->kafka.create_topics)
			continue;
		rc = create(rk, core, &facts, (enum group_topic)i, error);
		made = true;
	}
	/* A broker learns of it a moment after it has been made. */
	if (rc == 0 && made)
		return ztp_fail(error, ZTP_ERR_MISSING,
				"topics are being made");
	for (int i = 0; i < GROUP_TOPICS && rc == 0; i++)
		rc = check_topic(rk, config, &facts, (enum group_topic)i,
				 error);
	if (replicas)
		memcpy(replicas, facts.replicas, sizeof(facts.replicas));
	return rc == 0 ? check_broker(rk, &facts, error) : rc;
}

int group_topics_check(struct core *core, int replicas[GROUP_TOPICS],
		       struct ztp_error *error)
{
	rd_kafka_t *rk = kafka_new(core, ZTP_KAFKA_PROBE, 0, error);
	int rc;

	if (!rk)
		return ZTP_ERR_INTERNAL;
	rc = look(core, rk, replicas, error);
	kafka_close(core, rk);
	return rc;
}
