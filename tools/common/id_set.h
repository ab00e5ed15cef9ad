/*
 * tools/common/id_set.h - a set of request ids, of any number of which the
 * newest are kept.
 */
#ifndef ZTP_TOOLS_ID_SET_H
#define ZTP_TOOLS_ID_SET_H

#include <stdbool.h>

struct ztp_id_set;

struct ztp_id_set *ztp_id_set_new(void);      /* NULL: no memory */
void ztp_id_set_free(struct ztp_id_set *set); /* NULL-safe */

/* False: no memory. */
bool ztp_id_set_add(struct ztp_id_set *set, const char *request_id);
bool ztp_id_set_has(const struct ztp_id_set *set, const char *request_id);

#endif
