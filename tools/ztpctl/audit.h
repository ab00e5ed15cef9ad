/*
 * tools/ztpctl/audit.h - what is shown of an audit record.
 */
#ifndef ZTP_ZTPCTL_AUDIT_H
#define ZTP_ZTPCTL_AUDIT_H

#include "tools/ztpctl/ztpctl.h"

extern const char *const ztp_ctl_audit_names[]; /* ends with NULL */

#endif
