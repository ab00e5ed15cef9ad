#include "gate/cells.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_tree.h"
#include "ztp/member.h"
#include "ztp/path.h"

static void forget(struct ztp_cell *cell)
{
	free(cell->group);
	cJSON_Delete(cell->serves);
	*cell = (struct ztp_cell){0};
}

static void forget_silent(struct ztp_cells *cells, int64_t now_ms)
{
	for (int i = 0; i < ZTP_CELLS_MAX; i++)
		if (cells->cells[i].group &&
		    now_ms - cells->cells[i].heard_ms > ZTP_CELL_SILENT_MS)
			forget(&cells->cells[i]);
}

/* The cell of that group, or a free place, or NULL. */
static struct ztp_cell *place_of(struct ztp_cells *cells, const char *group)
{
	struct ztp_cell *free_one = NULL;

	for (int i = 0; i < ZTP_CELLS_MAX; i++) {
		struct ztp_cell *cell = &cells->cells[i];

		if (!cell->group)
			free_one = free_one ? free_one : cell;
		else if (strcmp(cell->group, group) == 0)
			return cell;
	}
	return free_one;
}

static int check(const cJSON *serves, struct ztp_error *error)
{
	const cJSON *id;

	if (serves && (!cJSON_IsArray(serves) ||
		       cJSON_GetArraySize(serves) > ZTP_CELL_SERVES_MAX))
		return ztp_fail(error, ZTP_ERR_VALUE,
				ZTP_M_SUBSCRIPTIONS
				" is not a list of at most %d ids",
				ZTP_CELL_SERVES_MAX);
	cJSON_ArrayForEach (id, serves)
		if (!cJSON_IsString(id) ||
		    !ztp_id_valid(id->valuestring, strlen(id->valuestring)))
			return ztp_fail(error, ZTP_ERR_VALUE,
					ZTP_M_SUBSCRIPTIONS
					" contains what is no id");
	return 0;
}

/* A bridge tells its clock, which is not worth a refusal. */
static void hear_clock(struct ztp_cell *cell, const cJSON *in)
{
	const char *text = ztp_tree_text(in, ZTP_M_NOW);
	int64_t theirs;

	cell->has_ahead = ztp_time_parse(&theirs, text, strlen(text));
	if (cell->has_ahead)
		cell->ahead_ms = theirs - ztp_clock_wall();
}

int ztp_cells_hear(struct ztp_cells *cells, const cJSON *in, int64_t now_ms,
		   struct ztp_error *error)
{
	const cJSON *serves =
		cJSON_GetObjectItemCaseSensitive(in, ZTP_M_SUBSCRIPTIONS);
	struct ztp_cell *cell, fresh = {.heard_ms = now_ms};
	const char *group = NULL;
	int rc = ztp_tree_string(&group, in, ZTP_M_GROUP, ZTP_CELL_GROUP_MAX,
				 error);

	if (rc == 0)
		rc = check(serves, error);
	if (rc != 0 || !group)
		return rc;
	forget_silent(cells, now_ms);
	cell = place_of(cells, group);
	if (!cell)
		return 0;
	hear_clock(&fresh, in);
	fresh.group = strdup(group);
	fresh.serves =
		serves ? cJSON_Duplicate(serves, true) : cJSON_CreateArray();
	if (!fresh.group || !fresh.serves) {
		forget(&fresh);
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	}
	forget(cell);
	*cell = fresh;
	return 0;
}

static void tell(cJSON *list, const struct ztp_cell *cell)
{
	cJSON *object = cJSON_CreateObject();
	cJSON *serves = cJSON_Duplicate(cell->serves, true);

	ztp_tree_put_text(object, ZTP_M_GROUP, cell->group);
	if (cell->has_ahead)
		ztp_tree_put_number(object, ZTP_M_CLOCK_AHEAD,
				    (double)cell->ahead_ms);
	if (!object || !serves ||
	    !cJSON_AddItemToObject(object, ZTP_M_SUBSCRIPTIONS, serves)) {
		cJSON_Delete(serves);
		cJSON_Delete(object);
		return;
	}
	if (!cJSON_AddItemToArray(list, object))
		cJSON_Delete(object);
}

void ztp_cells_tell(struct ztp_cells *cells, cJSON *data, int64_t now_ms)
{
	cJSON *list = ztp_tree_put_list(data, ZTP_M_CELLS);

	forget_silent(cells, now_ms);
	for (int i = 0; list && i < ZTP_CELLS_MAX; i++)
		if (cells->cells[i].group)
			tell(list, &cells->cells[i]);
}

void ztp_cells_clear(struct ztp_cells *cells)
{
	for (int i = 0; i < ZTP_CELLS_MAX; i++)
		forget(&cells->cells[i]);
}
