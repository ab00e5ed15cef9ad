#include "tools/serve/reload.h"

#include "base/clock.h"
#include "tools/common/cli.h"
#include "ztp/topics.h"

/* Also whether who may read it has changed. */
static bool changed(const struct stat *a, const struct stat *b)
{
	return a->st_ino != b->st_ino || a->st_dev != b->st_dev ||
	       a->st_size != b->st_size || a->st_mode != b->st_mode ||
	       a->st_mtim.tv_sec != b->st_mtim.tv_sec ||
	       a->st_mtim.tv_nsec != b->st_mtim.tv_nsec ||
	       a->st_ctim.tv_sec != b->st_ctim.tv_sec ||
	       a->st_ctim.tv_nsec != b->st_ctim.tv_nsec;
}

int tokens_file_open(struct tokens_file *file, struct tokens *tokens,
		     const char *path, struct ztp_error *error)
{
	file->path = path;
	(void)stat(path, &file->facts); /* reading it says what is wrong */
	return tokens_load(tokens, path, error);
}

void tokens_file_reload(struct tokens_file *file, struct tokens *tokens)
{
	struct tokens read;
	struct ztp_error error;

	if (!file->path)
		return;
	(void)stat(file->path, &file->facts);
	if (tokens_load(&read, file->path, &error) != 0) {
		ztp_cli_warn(ZTP_APPROVER, "%s; the tokens stay as they are",
			     error.message);
		return;
	}
	tokens_clear(tokens);
	*tokens = read;
	ztp_cli_warn(ZTP_APPROVER, "%s: read, tokens: %zu", file->path,
		     tokens->count);
}

void tokens_file_look(struct tokens_file *file, struct tokens *tokens)
{
	int64_t now = ztp_clock_boot();
	struct stat facts;

	if (!file->path || now < file->look_at)
		return;
	file->look_at = now + TOKENS_LOOK_MS;
	if (stat(file->path, &facts) == 0 && changed(&facts, &file->facts))
		tokens_file_reload(file, tokens);
}
