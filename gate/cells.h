/*
 * gate/cells.h - which bridges there are, and whose devices each of them
 * onboards. A bridge says so with its getInfo, every 30 s; one that has been
 * silent for long is forgotten. Nothing here is decided by it: it is for
 * `ztpctl doctor`, which finds a subscription that nobody serves, or two, and
 * clocks that differ.
 */
#ifndef ZTP_GATE_CELLS_H
#define ZTP_GATE_CELLS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "ztp/error.h"

#define ZTP_CELLS_MAX	    64	  /* further ones are not remembered */
#define ZTP_CELL_SILENT_MS  90000 /* then it is forgotten */
#define ZTP_CELL_GROUP_MAX  255	  /* bytes */
#define ZTP_CELL_SERVES_MAX 64	  /* subscriptions of one cell */

struct ztp_cells {
	struct ztp_cell {
		char *group;   /* owned; NULL: this place is free */
		cJSON *serves; /* owned: an array of strings; empty: all */
		int64_t heard_ms;
		/* Of the bridge's clock against ours, in ms. */
		bool has_ahead;
		int64_t ahead_ms;
	} cells[ZTP_CELLS_MAX];
};

/* Remembers what a bridge says of itself in a getInfo command, if it does. 0, or
 * what is wrong with it. */
int ztp_cells_hear(struct ztp_cells *cells, const cJSON *in, int64_t now_ms,
		   struct ztp_error *error);
/* Adds the member `cells` to data: those that are not silent. */
void ztp_cells_tell(struct ztp_cells *cells, cJSON *data, int64_t now_ms);
void ztp_cells_clear(struct ztp_cells *cells);

#endif
