/* `ztpctl registry export`, and reading what it writes. */
#include "tools/ztpctl/export.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json_tree.h"
#include "tools/common/cli.h"
#include "tools/ztpctl/ztpctl.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"
#include "ztp/path.h"

#define LINE_MAX (1024 * 1024)

/* --- writing */

static void print_first(cJSON *data)
{
	cJSON *line = cJSON_CreateObject(), *item;

	ztp_tree_put_number(line, ZTP_EXPORT_M_VERSION, ZTP_EXPORT_VERSION);
	ztp_tree_put_time(line, ZTP_EXPORT_M_AT, ztp_clock_wall());
	while ((item = cJSON_DetachItemFromArray(data, 0)) != NULL)
		cJSON_AddItemToObject(line, item->string, item);
	ztp_ctl_print_json(line);
	cJSON_Delete(line);
}

/* Prints a page's devices. Returns how many. */
static int64_t print_page(cJSON *data, bool first)
{
	cJSON *devices =
		cJSON_DetachItemFromObjectCaseSensitive(data, ZTP_M_DEVICES);
	int64_t count = 0;
	const cJSON *one;

	cJSON_DeleteItemFromObjectCaseSensitive(data, ZTP_M_NEXT);
	if (first)
		print_first(data);
	cJSON_ArrayForEach (one, devices) {
		ztp_ctl_print_json(one);
		count++;
	}
	cJSON_Delete(devices);
	return count;
}

int ztp_ctl_registry_export(struct ztp_ctl *ctl)
{
	char after[ZTP_PATH_MAX + 1] = "";
	int64_t count = 0;
	bool more, first = true;

	do {
		cJSON *in = ztp_ctl_with(ZTP_M_REGISTRY, ctl->arguments[0]);
		cJSON *data = NULL;

		ztp_tree_put_number(in, ZTP_M_LIMIT, ZTP_CONTROL_PAGE_MAX);
		if (!first)
			ztp_tree_put_text(in, ZTP_M_AFTER, after);
		if (!ztp_ctl_ask(ctl, ZTP_CMD_EXPORT_REGISTRY, in, &data))
			return ZTP_EXIT_FAILED;
		snprintf(after, sizeof(after), "%s",
			 ztp_tree_text(data, ZTP_M_NEXT));
		more = *after != '\0';
		count += print_page(data, first);
		first = false;
		cJSON_Delete(data);
	} while (more && !ferror(stdout));
	printf("{\"" ZTP_EXPORT_M_COUNT "\":%lld}\n", (long long)count);
	return ztp_cli_flush("ztpctl") ? ZTP_EXIT_OK : ZTP_EXIT_FAILED;
}

/* --- reading */

struct reading {
	struct ztp_export *file;
	const char *path;
	int line;
	bool ended;
};

static int wrong(const struct reading *r, struct ztp_error *error,
		 const char *what)
{
	return ztp_fail(error, ZTP_ERR_VALUE, "%.150s:%d: %s", r->path, r->line,
			what);
}

static int take_first(struct reading *r, cJSON *line, struct ztp_error *error)
{
	int64_t version = 0;

	r->file->registry = line;
	if (ztp_tree_int(&version, line, ZTP_EXPORT_M_VERSION, 1, INT32_MAX,
			 error) != 0 ||
	    !version)
		return wrong(r, error, "not what `registry export` writes");
	if (version > ZTP_EXPORT_VERSION)
		return wrong(r, error, "a later ztpctl has written this");
	if (!ztp_registry_name_valid(ztp_tree_text(line, ZTP_M_REGISTRY)) ||
	    !cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(line, ZTP_M_CAS)))
		return wrong(r, error, "a registry's name or CAs are missing");
	return 0;
}

static bool is_of_registry(const cJSON *device, const cJSON *registry)
{
	const char *name = ztp_tree_text(registry, ZTP_M_REGISTRY);
	const char *text = ztp_tree_text(device, ZTP_M_DEVICE_PATH);
	size_t n = strcspn(name, "/");
	struct ztp_path path;

	return ztp_path_parse(&path, text, strlen(text), NULL) == 0 &&
	       path.subscription.n == n &&
	       memcmp(path.subscription.p, name, n) == 0 &&
	       ztp_str_is(path.registry, name + n + 1);
}

static int take_last(struct reading *r, cJSON *line, struct ztp_error *error)
{
	int64_t count = -1;
	int rc = ztp_tree_int(&count, line, ZTP_EXPORT_M_COUNT, 0, INT32_MAX,
			      error);

	cJSON_Delete(line);
	r->ended = true;
	if (rc != 0 || count != cJSON_GetArraySize(r->file->devices))
		return wrong(r, error, "the number of devices is wrong");
	return 0;
}

static int take_line(struct reading *r, const char *text, size_t len,
		     struct ztp_error *error)
{
	struct ztp_error why = {0};
	cJSON *line = NULL;

	if (r->ended)
		return wrong(r, error, "there is more after the last line");
	if (ztp_tree_parse(&line, text, len, LINE_MAX, &why) != 0)
		return wrong(r, error, why.message);
	if (!r->file->registry)
		return take_first(r, line, error);
	if (cJSON_GetObjectItemCaseSensitive(line, ZTP_EXPORT_M_COUNT))
		return take_last(r, line, error);
	cJSON_AddItemToArray(r->file->devices, line);
	return is_of_registry(line, r->file->registry)
		       ? 0
		       : wrong(r, error, "not a device of the registry");
}

int ztp_export_read(struct ztp_export *out, const char *path,
		    struct ztp_error *error)
{
	bool from_stdin = strcmp(path, "-") == 0;
	struct reading r = {.file = out, .path = from_stdin ? "stdin" : path};
	const char *at, *end;
	char *text = NULL;
	size_t len;
	int rc;

	*out = (struct ztp_export){.devices = cJSON_CreateArray()};
	rc = from_stdin ? ztp_file_read_fd(&text, &len, STDIN_FILENO, r.path,
					   ZTP_EXPORT_FILE_MAX, error)
			: ztp_file_read(&text, &len, path, ZTP_EXPORT_FILE_MAX,
					error);
	if (rc != 0)
		return rc;
	end = text + len;
	for (at = text; rc == 0 && at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((newline ? newline : end) - at);

		r.line++;
		/* A file that went through an editor may have CRLF. */
		if (ztp_str_trim((struct ztp_str){at, n}).n > 0)
			rc = take_line(&r, at, n, error);
		at += n + 1;
	}
	if (rc == 0 && len == 0)
		rc = ztp_fail(error, ZTP_ERR_EMPTY, "%.150s is empty", r.path);
	if (rc == 0 && !r.ended)
		rc = wrong(&r, error,
			   "the file is not whole: its last line, "
			   "with the number of devices, is missing");
	free(text);
	return rc;
}

void ztp_export_clear(struct ztp_export *file)
{
	cJSON_Delete(file->registry);
	cJSON_Delete(file->devices);
}
