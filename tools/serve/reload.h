/*
 * tools/serve/reload.h - the tokens file is read again when it has changed, or
 * on SIGHUP. What cannot be read then changes nothing, and a warning says why.
 */
#ifndef ZTP_SERVE_RELOAD_H
#define ZTP_SERVE_RELOAD_H

#include <sys/stat.h>

#include "tools/serve/tokens.h"

#define TOKENS_LOOK_MS 1000

struct tokens_file {
	const char *path; /* NULL: none */
	struct stat facts;
	int64_t look_at;
};

int tokens_file_open(struct tokens_file *file, struct tokens *tokens,
		     const char *path, struct ztp_error *error);
/* Looks once a second. */
void tokens_file_look(struct tokens_file *file, struct tokens *tokens);
void tokens_file_reload(struct tokens_file *file, struct tokens *tokens);

#endif
