/*
 * tests/unit/core_case.h - what a part of the bridge is made with: a core with a
 * configuration and a log.
 */
#ifndef ZTP_TESTS_CORE_CASE_H
#define ZTP_TESTS_CORE_CASE_H

#include "scratch.h"

#include "bridge/core/core.h"

struct core_case {
	struct core core;
	struct config *config;
	struct log log;
};

/* text: the configuration. c must not move afterwards. */
static inline void core_case_make(struct core_case *c, const char *text)
{
	struct scratch scratch = {.dir = ""};
	struct ztp_error error = {0};
	int line;

	scratch_make(&scratch);
	scratch_write(scratch.base, text, strlen(text));
	assert_int_equal(config_load(&c->config, scratch.base, &line, &error),
			 0);
	scratch_remove(&scratch);
	log_init(&c->log, STDERR_FILENO, LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
	ztp_clock_anchor(&c->core.clock, 0);
	c->core.config = c->config;
	c->core.log = &c->log;
}

static inline void core_case_end(struct core_case *c)
{
	config_free(c->config);
	log_end(&c->log);
}

/* Kafka is librdkafka's own mock cluster in this process, which a file may not
 * ask for. */
static inline void core_case_play_kafka(struct core_case *c)
{
	struct config_properties *all = &c->config->kafka.properties;

	all->items =
		realloc(all->items, (all->count + 1) * sizeof(*all->items));
	assert_non_null(all->items);
	all->items[all->count++] = (struct config_property){
		.name = strdup("test.mock.num.brokers"), .value = strdup("1")};
}

#endif
