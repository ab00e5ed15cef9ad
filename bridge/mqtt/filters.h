/*
 * bridge/mqtt/filters.h - what the intake's session is subscribed to: the
 * filters that are asked for, and those that an earlier configuration has left
 * in it. The broker keeps a session's subscriptions, but does not tell them, so
 * the store does (filters_row). Loop thread only.
 */
#ifndef BRIDGE_MQTT_FILTERS_H
#define BRIDGE_MQTT_FILTERS_H

#include "bridge/mqtt/granted.h"

/* The pending topics, the audit in both forms and the withdrawals. */
#define FILTERS_MAX	 (CONFIG_PENDING_TOPICS_MAX + 3)
#define FILTERS_LEFT_MAX 64
/* Bytes of a row, with its NUL. */
#define FILTERS_ROW_MAX ((FILTERS_MAX + FILTERS_LEFT_MAX) * (ZTP_TOPIC_MAX + 1))

struct filters {
	struct granted_filter asked[FILTERS_MAX];
	int count;
	char *left[FILTERS_LEFT_MAX]; /* owned */
	int left_count;
};

/* row: of the last start, or "". The configuration must outlive them. */
int filters_init(struct filters *filters, const struct config_mqtt *mqtt,
		 const char *row, struct ztp_error *error);
void filters_clear(struct filters *filters);

/* The filter is unsubscribed, or cannot be. */
void filters_left_done(struct filters *filters);

/* All of them, one a line. The caller frees it; NULL: out of memory. */
char *filters_row(const struct filters *filters);

#endif
