#include "gate/lists.h"

#define ROW_US (1000000 / ZTP_LISTS_PER_SECOND)

void ztp_lists_begin(struct ztp_lists *lists, int64_t now_ms)
{
	int64_t now = now_ms * 1000;

	if (lists->paid_until < now)
		lists->paid_until = now;
	lists->left = lists->paid_until - now < ZTP_LISTS_AT_ONCE * ROW_US
			      ? ZTP_LISTS_ROWS
			      : ZTP_LISTS_ROWS_BUSY;
}

void ztp_lists_row(struct ztp_lists *lists)
{
	lists->left--;
	lists->paid_until += ROW_US;
}
