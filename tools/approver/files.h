/* tools/approver/files.h - the files that the command line names. */
#ifndef ZTP_APPROVER_FILES_H
#define ZTP_APPROVER_FILES_H

#include "tools/approver/options.h"

/* Reads payload, rules and lists into options. */
int files_read(struct options *options, struct ztp_error *error);

/* Reads the rules alone, and all files that they name. */
int rules_read(struct ztp_rules *rules, const struct options *options,
	       struct ztp_error *error);
/* Names each rule that matches every request, and each whose payload is not the
 * JSON that it seems to be, with its line. */
void rules_warn(const struct options *options);

#endif
