/*
 * gate/lists.h - how many rows an operator's lists may have. The broker's
 * thread makes them, and nobody else is served meanwhile. So one message gets
 * few rows, however many lists it asks for, and fewer still after very many in
 * a short time. Nobody who asks for one page after the other is refused: `next`
 * says where to go on.
 */
#ifndef ZTP_GATE_LISTS_H
#define ZTP_GATE_LISTS_H

#include <stdint.h>

#define ZTP_LISTS_ROWS	     128  /* for one message: some 2 ms */
#define ZTP_LISTS_ROWS_BUSY  16	  /* after more than the following */
#define ZTP_LISTS_AT_ONCE    8000 /* rows */
#define ZTP_LISTS_PER_SECOND 8000 /* after that */

/* All zero at first. */
struct ztp_lists {
	int64_t left;	    /* for this message; negative: more than it had */
	int64_t paid_until; /* CLOCK_BOOTTIME in us */
};

/* A message of commands begins. now_ms: CLOCK_BOOTTIME. */
void ztp_lists_begin(struct ztp_lists *lists, int64_t now_ms);
/* A row has been made. */
void ztp_lists_row(struct ztp_lists *lists);

#endif
