/*
 * tools/ztpctl/context.h - what the command line does not say of the broker:
 * the environment and a file of settings say it, the latter also for several
 * brokers, by name. A file:
 *
 *	# for all; the context is chosen here, unless --context says it
 *	context staging
 *	username ztp-admin
 *
 *	[staging]
 *	url mqtts://staging.example:8883
 *	password-file staging.password
 *	ca staging-ca.pem
 *
 * A name of a file that is not absolute is looked for beside this file.
 */
#ifndef ZTP_ZTPCTL_CONTEXT_H
#define ZTP_ZTPCTL_CONTEXT_H

#include "tools/ztpctl/ztpctl.h"

struct ztp_ctl_context;

/* Fills in what is NULL in ctl: from the environment, unless --context chose the
 * broker; then from the chosen context; then from what the file says for all.
 * *out holds the texts, and is never NULL on success. A message names file and
 * line. */
int ztp_ctl_context_load(struct ztp_ctl_context **out, struct ztp_ctl *ctl,
			 struct ztp_error *error);
/* NULL-safe. Wipes the texts, as one may be a password. */
void ztp_ctl_context_free(struct ztp_ctl_context *context);

#endif
