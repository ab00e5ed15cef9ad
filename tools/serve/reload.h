/*
 * tools/serve/reload.h - files that are read again when they have changed, or on
 * SIGHUP: the tokens, the certificate and its key. What cannot be read then
 * changes nothing, and a warning says why.
 */
#ifndef ZTP_SERVE_RELOAD_H
#define ZTP_SERVE_RELOAD_H

#include <sys/stat.h>

#include "tools/serve/server.h"

#define FILES_LOOK_MS	 1000
#define FILES_GONE_LOOKS 3 /* until that is said */

enum { FILE_TOKENS, FILE_CERT, FILE_KEY, FILE_CLIENT_CA, FILES };

struct files {
	const char *paths[FILES]; /* NULL: none */
	struct stat facts[FILES];
	int gone[FILES]; /* looks in a row at which it was not there */
	int64_t look_at;
	bool tls_changed; /* and is to be read when the door allows it */
};

/* Notes which files there are, and reads the tokens. */
int files_open(struct files *files, struct server *server,
	       struct ztp_error *error);
/* Reads the certificate, and starts a door with it. */
int files_start_door(struct files *files, struct server *server,
		     struct ztp_error *error);
/* Looks once a second. */
void files_look(struct files *files, struct server *server);
void files_reload(struct files *files, struct server *server);

#endif
