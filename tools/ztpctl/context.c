/*
 * Whoever says --context means that broker: a ZTPCTL_URL left over in the
 * environment must not lead the command to another one.
 */
#include "tools/ztpctl/context.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "ztp/fingerprint.h"
#include "ztp/text.h"

#define HOME	   "HOME"
#define CONFIG_MAX (64 * 1024)
#define OTHERS	   (S_IRWXG | S_IRWXO)
#define FILES_MAX  6 /* three of each of two levels */

enum key {
	URL,
	USERNAME,
	PASSWORD,
	PASSWORD_FILE,
	CA,
	BROKERS,
	PROPERTIES,
	CONTEXT,
	KEYS
};

static const struct {
	const char *name, *variable;
	bool is_file;
} keys[KEYS] = {
	[URL] = {"url", "ZTPCTL_URL", false},
	[USERNAME] = {"username", "ZTPCTL_USERNAME", false},
	[PASSWORD] = {"password", NULL, false},
	[PASSWORD_FILE] = {"password-file", "ZTPCTL_PASSWORD_FILE", true},
	[CA] = {"ca", "ZTPCTL_CA", true},
	[BROKERS] = {"brokers", "ZTPCTL_BROKERS", false},
	[PROPERTIES] = {"properties", NULL, true},
	[CONTEXT] = {"context", "ZTPCTL_CONTEXT", false},
};

/* A level of settings; NULL: not given. */
struct level {
	const char *values[KEYS];
};

struct ztp_ctl_context {
	char path[PATH_MAX];
	char *text; /* the file's, owned */
	size_t len;
	char files[FILES_MAX][PATH_MAX]; /* names made absolute */
	int file_count;
	bool has_password; /* in whatever context */
	struct level all, chosen;
};

/* --- where the file is */

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static int join(char out[PATH_MAX], const char *a, const char *b,
		struct ztp_error *error)
{
	int n = snprintf(out, PATH_MAX, "%s%s", a, b);

	return n >= 0 && n < PATH_MAX
		       ? 0
		       : ztp_fail(error, ZTP_ERR_TOO_LARGE,
				  "%.100s...: the name is too long", a);
}

/* *needed: it was named. Without a home there is no file. */
static int locate(struct ztp_ctl_context *c, bool *needed,
		  struct ztp_error *error)
{
	const char *named = variable("ZTPCTL_CONFIG");
	const char *config = variable("XDG_CONFIG_HOME");
	const char *home = variable(HOME);

	*needed = named != NULL;
	if (named)
		return join(c->path, named, "", error);
	if (config)
		return join(c->path, config, "/ztpctl", error);
	return home ? join(c->path, home, "/.config/ztpctl", error) : 0;
}

/* --- reading it */

struct reading {
	struct ztp_ctl_context *c;
	const char *wanted;  /* the context; NULL: none */
	struct level *level; /* of this line; NULL: a context not wanted */
	bool found;
	int line;
};

static int wrong(const struct reading *r, struct ztp_error *error,
		 const char *what, const char *word)
{
	return ztp_fail(error, ZTP_ERR_VALUE, "%.150s:%d: %s%.50s", r->c->path,
			r->line, what, word);
}

/* Ends the text after its last character that is no white space. */
static char *trim(char *text)
{
	struct ztp_str inner = ztp_str_trim(ztp_str_of(text));

	text += inner.p - text;
	text[inner.n] = '\0';
	return text;
}

static int begin_context(struct reading *r, char *name, struct ztp_error *error)
{
	size_t n = strlen(name);

	if (n < 3 || name[n - 1] != ']')
		return wrong(r, error, "not [CONTEXT]: ", name);
	name[n - 1] = '\0';
	name = trim(name + 1);
	r->level = NULL;
	if (r->wanted && strcmp(name, r->wanted) == 0) {
		r->level = &r->c->chosen;
		r->found = true;
	}
	return 0;
}

/* A name beside this file, or in the home directory. */
static int absolute(struct ztp_ctl_context *c, const char **value,
		    struct ztp_error *error)
{
	const char *home = variable(HOME), *slash = strrchr(c->path, '/');
	char folder[PATH_MAX] = "";
	char *out = c->files[c->file_count];
	int rc;

	if (**value == '/')
		return 0;
	if (strncmp(*value, "~/", 2) == 0 && home) {
		rc = join(out, home, *value + 1, error);
	} else {
		if (slash)
			memcpy(folder, c->path, (size_t)(slash + 1 - c->path));
		rc = join(out, folder, *value, error);
	}
	*value = out;
	c->file_count++;
	return rc;
}

static int take_line(struct reading *r, char *text, struct ztp_error *error)
{
	struct ztp_ctl_context *c = r->c;
	const char *value;
	size_t n, key;

	text = trim(text);
	if (!*text || *text == '#')
		return 0;
	if (*text == '[')
		return begin_context(r, text, error);
	n = strcspn(text, " \t=");
	value = text + n + strspn(text + n, " \t");
	if (*value == '=')
		value += 1 + strspn(value + 1, " \t");
	text[n] = '\0';
	for (key = 0; key < KEYS && strcmp(text, keys[key].name) != 0; key++)
		;
	if (key == KEYS)
		return wrong(r, error, "unknown setting: ", text);
	if (!*value)
		return wrong(r, error, "a value is missing after ", text);
	if (key == CONTEXT && r->level != &c->all)
		return wrong(r, error,
			     "only before the first [CONTEXT]: ", text);
	c->has_password |= key == PASSWORD;
	if (!r->level)
		return 0;
	if (r->level->values[key])
		return wrong(r, error, "given twice: ", text);
	if (keys[key].is_file && absolute(c, &value, error) != 0)
		return error->code;
	r->level->values[key] = value;
	return 0;
}

/* The context that the file itself chooses; it stands before the first one. */
static const char *chosen_by_file(const struct ztp_ctl_context *c)
{
	return c->all.values[CONTEXT];
}

static int take_lines(struct reading *r, struct ztp_error *error)
{
	char *end = r->c->text + r->c->len;
	char *at = r->c->text + ztp_bom_len(r->c->text, r->c->len);
	int rc = 0;

	r->level = &r->c->all;
	while (rc == 0 && at < end) {
		size_t n = strcspn(at, "\n");

		at[n] = '\0';
		r->line++;
		rc = take_line(r, at, error);
		if (!r->wanted)
			r->wanted = chosen_by_file(r->c);
		at += n + 1;
	}
	return rc;
}

/* A password is for its owner alone. */
static int check_mode(const struct ztp_ctl_context *c, struct ztp_error *error)
{
	struct stat status;

	if (!c->has_password)
		return 0;
	if (stat(c->path, &status) == 0 && !(status.st_mode & OTHERS))
		return 0;
	return ztp_fail(error, ZTP_ERR_VALUE,
			"%.150s holds a password, and others may read it: "
			"chmod 600 %.150s",
			c->path, c->path);
}

static int read_file(struct reading *r, bool needed, struct ztp_error *error)
{
	struct ztp_ctl_context *c = r->c;
	struct stat status;
	int rc;

	if (!needed && (!*c->path || stat(c->path, &status) != 0))
		return 0;
	rc = ztp_file_read(&c->text, &c->len, c->path, CONFIG_MAX, error);
	if (rc == 0 && c->text && memchr(c->text, '\0', c->len))
		return ztp_fail(error, ZTP_ERR_NUL,
				"%.150s contains a NUL byte", c->path);
	if (rc == 0)
		rc = take_lines(r, error);
	return rc == 0 ? check_mode(c, error) : rc;
}

/* --- filling in */

static const char *look(const struct ztp_ctl_context *c, enum key key,
			bool environment)
{
	const char *value = NULL;

	if (environment && keys[key].variable)
		value = variable(keys[key].variable);
	if (!value)
		value = c->chosen.values[key];
	return value ? value : c->all.values[key];
}

/* A password of a higher level goes before a file of a lower one. */
static void fill_password(struct ztp_ctl *ctl, const struct ztp_ctl_context *c,
			  bool environment)
{
	const struct level *levels[] = {&c->chosen, &c->all};

	if (!ctl->password_file && environment)
		ctl->password_file = variable(keys[PASSWORD_FILE].variable);
	for (int i = 0; i < 2; i++) {
		if (ctl->password_file || ctl->broker.password)
			return;
		ctl->broker.password = levels[i]->values[PASSWORD];
		if (!ctl->broker.password)
			ctl->password_file = levels[i]->values[PASSWORD_FILE];
	}
}

static int fill(struct ztp_ctl *ctl, const struct ztp_ctl_context *c,
		struct ztp_error *error)
{
	const struct {
		const char **at;
		enum key key;
	} rows[] = {{&ctl->broker.url, URL},
		    {&ctl->broker.username, USERNAME},
		    {&ctl->broker.ca_file, CA},
		    {&ctl->brokers, BROKERS}};
	bool environment = !ctl->context;
	const char *properties = look(c, PROPERTIES, false);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (!*rows[i].at)
			*rows[i].at = look(c, rows[i].key, environment);
	fill_password(ctl, c, environment);
	if (!properties || ctl->props.count > 0)
		return 0;
	return ztp_kafka_props_load(&ctl->props, properties, error);
}

int ztp_ctl_context_load(struct ztp_ctl_context **out, struct ztp_ctl *ctl,
			 struct ztp_error *error)
{
	struct ztp_ctl_context *c = calloc(1, sizeof(*c));
	struct reading r = {.c = c, .wanted = ctl->context};
	bool needed;
	int rc;

	*out = c;
	if (!c)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	if (!r.wanted)
		r.wanted = variable(keys[CONTEXT].variable);
	rc = locate(c, &needed, error);
	if (rc == 0)
		rc = read_file(&r, needed || r.wanted, error);
	if (rc == 0 && r.wanted && !r.found)
		rc = ztp_fail(error, ZTP_ERR_VALUE,
			      "%.150s has no context [%.50s]", c->path,
			      r.wanted);
	return rc == 0 ? fill(ctl, c, error) : rc;
}

void ztp_ctl_context_free(struct ztp_ctl_context *context)
{
	if (!context)
		return;
	if (context->text)
		explicit_bzero(context->text, context->len);
	free(context->text);
	free(context);
}
