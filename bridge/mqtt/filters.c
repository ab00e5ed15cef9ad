#include "bridge/mqtt/filters.h"

#include <stdlib.h>
#include <string.h>

#include "ztp/gate_protocol.h"

static void ask(struct filters *f, const char *filter, enum granted_need need)
{
	f->asked[f->count++] = (struct granted_filter){
		.filter = filter, .qos = 1, .need = need, .said = -1};
}

static bool is_asked(const struct filters *f, const char *name, size_t len)
{
	for (int i = 0; i < f->count; i++)
		if (strncmp(f->asked[i].filter, name, len) == 0 &&
		    f->asked[i].filter[len] == '\0')
			return true;
	return false;
}

/* More than there is room for have piled up only if no connection was made
 * between as many changes of the configuration. */
static int leave(struct filters *f, const char *name, size_t len)
{
	if (len == 0 || is_asked(f, name, len) ||
	    f->left_count == FILTERS_LEFT_MAX)
		return 0;
	f->left[f->left_count] = strndup(name, len);
	if (!f->left[f->left_count])
		return ZTP_ERR_NOMEM;
	f->left_count++;
	return 0;
}

int filters_init(struct filters *f, const struct config_mqtt *mqtt,
		 const char *row, struct ztp_error *error)
{
	int rc = 0;

	*f = (struct filters){.count = 0};
	for (size_t i = 0; i < mqtt->pending_topics.count; i++)
		ask(f, mqtt->pending_topics.items[i], NEED_QOS_1);
	if (mqtt->registrar == CONFIG_REGISTRAR_GATE) {
		ask(f, ZTP_MQTT_AUDIT, NEED_SUBSCRIPTION);
		ask(f, ZTP_MQTT_AUDITS, NEED_SUBSCRIPTION);
		ask(f, ZTP_MQTT_WITHDRAWN, NEED_QOS_1);
	}
	while (rc == 0 && *row) {
		size_t len = strcspn(row, "\n");

		rc = leave(f, row, len);
		row += len + (row[len] != '\0');
	}
	return rc == 0 ? 0 : ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
}

void filters_clear(struct filters *f)
{
	while (f->left_count > 0)
		free(f->left[--f->left_count]);
}

void filters_left_done(struct filters *f)
{
	free(f->left[--f->left_count]);
}

static char *add_line(char *at, const char *filter)
{
	at = stpcpy(at, filter);
	*at++ = '\n';
	return at;
}

char *filters_row(const struct filters *f)
{
	char *row = malloc(FILTERS_ROW_MAX), *at = row;

	if (!row)
		return NULL;
	*row = '\0';
	for (int i = 0; i < f->count; i++)
		at = add_line(at, f->asked[i].filter);
	for (int i = 0; i < f->left_count; i++)
		at = add_line(at, f->left[i]);
	*at = '\0';
	return row;
}
