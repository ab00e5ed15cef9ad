#include "tools/serve/reload.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "tools/common/cli.h"
#include "tools/serve/door.h"
#include "ztp/topics.h"

#define PEM_MAX (256 * 1024)

/* --- what has changed */

/* Also whether who may read it has changed. */
static bool differs(const struct stat *a, const struct stat *b)
{
	return a->st_ino != b->st_ino || a->st_dev != b->st_dev ||
	       a->st_size != b->st_size || a->st_mode != b->st_mode ||
	       a->st_mtim.tv_sec != b->st_mtim.tv_sec ||
	       a->st_mtim.tv_nsec != b->st_mtim.tv_nsec ||
	       a->st_ctim.tv_sec != b->st_ctim.tv_sec ||
	       a->st_ctim.tv_nsec != b->st_ctim.tv_nsec;
}

/* One that is gone for a moment has not changed yet. If it stays away, somebody
 * may think that nobody is let in any more. */
static void note_gone(struct files *files, int file, int why)
{
	if (++files->gone[file] == FILES_GONE_LOOKS)
		ztp_cli_warn(ZTP_APPROVER,
			     "%s: %s; what it said last is still in force",
			     files->paths[file], strerror(why));
}

static bool has_changed(struct files *files, int file)
{
	struct stat facts;

	if (!files->paths[file])
		return false;
	if (stat(files->paths[file], &facts) != 0) {
		note_gone(files, file, errno);
		return false;
	}
	files->gone[file] = 0;
	if (!differs(&facts, &files->facts[file]))
		return false;
	files->facts[file] = facts;
	return true;
}

/* A file that the command line names and that cannot be read is a mistake there. */
static int as_usage(int rc, struct ztp_error *error)
{
	if (rc == ZTP_ERR_IO)
		rc = (int)(error->code = ZTP_ERR_USAGE);
	return rc;
}

/* --- TLS */

static int read_pem(char **pem, const char *path, struct ztp_error *error)
{
	size_t len;
	int rc;

	if (!path)
		return 0;
	rc = as_usage(ztp_file_read(pem, &len, path, PEM_MAX, error), error);
	if (!rc && !strstr(*pem, "-----BEGIN "))
		rc = ztp_fail(error, ZTP_ERR_VALUE, "%s is not PEM", path);
	return rc;
}

static int read_tls(struct door_tls *tls, const struct files *files,
		    struct ztp_error *error)
{
	int rc = read_pem(&tls->cert, files->paths[FILE_CERT], error);

	if (!rc)
		rc = read_pem(&tls->key, files->paths[FILE_KEY], error);
	if (!rc)
		rc = read_pem(&tls->client_ca, files->paths[FILE_CLIENT_CA],
			      error);
	if (rc)
		door_tls_clear(tls);
	return rc;
}

int files_start_door(struct files *files, struct server *server,
		     struct ztp_error *error)
{
	struct door_tls tls = {.cert = NULL};
	int rc = read_tls(&tls, files, error);

	return rc ? rc : door_start(server, &tls, error);
}

/* A certificate and its key are two files: between the two the door stays as it
 * is, and the change of the other one is seen. */
static void reload_tls(struct files *files, struct server *server)
{
	struct ztp_error error;

	if (!files->tls_changed || !door_may_start(server))
		return;
	files->tls_changed = false;
	if (files_start_door(files, server, &error) != 0)
		ztp_cli_warn(ZTP_APPROVER, "%s; the certificate stays as it is",
			     error.message);
	else
		ztp_cli_warn(ZTP_APPROVER, "%s: read", files->paths[FILE_CERT]);
}

/* --- the tokens */

static void reload_tokens(struct files *files, struct server *server)
{
	struct tokens read;
	struct ztp_error error;

	if (tokens_load(&read, files->paths[FILE_TOKENS], &error) != 0) {
		ztp_cli_warn(ZTP_APPROVER, "%s; the tokens stay as they are",
			     error.message);
		return;
	}
	tokens_clear(&server->tokens);
	server->tokens = read;
	ztp_cli_warn(ZTP_APPROVER, "%s: read, tokens: %zu",
		     files->paths[FILE_TOKENS], read.count);
}

/* --- all of them */

int files_open(struct files *files, struct server *server,
	       struct ztp_error *error)
{
	const struct serve_settings *settings = server->settings;

	files->paths[FILE_TOKENS] = settings->tokens_file;
	files->paths[FILE_CERT] = settings->tls_cert;
	files->paths[FILE_KEY] = settings->tls_key;
	files->paths[FILE_CLIENT_CA] = settings->client_ca;
	for (int i = 0; i < FILES; i++) /* reading them says what is wrong */
		(void)has_changed(files, i);
	if (!settings->tokens_file)
		return 0;
	return as_usage(
		tokens_load(&server->tokens, settings->tokens_file, error),
		error);
}

static bool tls_has_changed(struct files *files)
{
	bool changed = false;

	for (int i = FILE_CERT; i < FILES; i++)
		changed = has_changed(files, i) || changed;
	return changed;
}

void files_reload(struct files *files, struct server *server)
{
	for (int i = 0; i < FILES; i++)
		(void)has_changed(files, i);
	if (files->paths[FILE_TOKENS])
		reload_tokens(files, server);
	files->tls_changed = files->paths[FILE_CERT] != NULL;
	reload_tls(files, server);
}

void files_look(struct files *files, struct server *server)
{
	int64_t now = ztp_clock_boot();

	if (now < files->look_at)
		return;
	files->look_at = now + FILES_LOOK_MS;
	if (has_changed(files, FILE_TOKENS))
		reload_tokens(files, server);
	files->tls_changed = tls_has_changed(files) || files->tls_changed;
	reload_tls(files, server);
}
