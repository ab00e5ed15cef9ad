#include "tools/serve/tokens.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "ztp/fingerprint.h"

/* The file being read. */
struct source {
	const char *path;
	int line;
	struct ztp_error *error;
};

static int wrong(const struct source *source, const char *what)
{
	return ztp_fail(source->error, ZTP_ERR_VALUE, "%s:%d: %s", source->path,
			source->line, what);
}

/* --- a line */

/* Takes the next word of *rest; its n is 0 at the end. */
static struct ztp_str next_word(struct ztp_str *rest)
{
	struct ztp_str word;

	*rest = ztp_str_trim(*rest);
	word = (struct ztp_str){rest->p, 0};
	while (word.n < rest->n && !strchr(" \t\r", rest->p[word.n]))
		word.n++;
	rest->p += word.n;
	rest->n -= word.n;
	return word;
}

static int read_who(struct token *token, struct ztp_str word,
		    const struct source *source)
{
	uint8_t id[ZTP_SHA256_LEN];

	token->is_cert = ztp_str_take(&word, "cert:");
	if (!token->is_cert && !ztp_str_take(&word, "sha256:"))
		return wrong(source, "a line begins with sha256: or cert:");
	if (!ztp_fingerprint_parse(token->hash, word.p, word.n))
		return wrong(source, "64 hex digits are expected");
	ztp_sha256(id, token->hash, sizeof(token->hash));
	memcpy(token->id, id, TOKEN_ID_LEN);
	(void)snprintf(token->name, sizeof(token->name), "%s:%02x%02x%02x%02x",
		       token->is_cert ? "cert" : "token", token->hash[0],
		       token->hash[1], token->hash[2], token->hash[3]);
	return 0;
}

/* The last one of the list may be there already, with other scopes. */
static bool is_known(const struct tokens *tokens)
{
	const struct token *last = &tokens->items[tokens->count - 1];

	for (const struct token *token = tokens->items; token < last; token++)
		if (token->is_cert == last->is_cert &&
		    memcmp(token->hash, last->hash, sizeof(last->hash)) == 0)
			return true;
	return false;
}

static int read_scope(struct token *token, struct ztp_str word,
		      const struct source *source)
{
	char *scope;

	if (token->scope_count == TOKEN_SCOPES_MAX)
		return wrong(source, "too many scopes");
	scope = strndup(word.p, word.n);
	if (!scope)
		return ztp_fail(source->error, ZTP_ERR_NOMEM, "out of memory");
	token->scopes[token->scope_count++] = scope;
	if (!ztp_id_valid(scope, word.n) && !ztp_registry_name_valid(scope))
		return wrong(source, "a scope is a subscription, or s/r");
	return 0;
}

static int read_line(struct tokens *tokens, struct ztp_str line,
		     const struct source *source)
{
	const char *comment = memchr(line.p, '#', line.n);
	struct token *token = &tokens->items[tokens->count];
	struct ztp_str word;
	int rc;

	if (comment)
		line.n = (size_t)(comment - line.p);
	word = next_word(&line);
	if (!word.n)
		return 0;
	if (tokens->count == TOKENS_MAX)
		return wrong(source, "too many tokens");
	tokens->count++;
	rc = read_who(token, word, source);
	if (!rc && is_known(tokens))
		rc = wrong(source, "given more than once");
	for (word = next_word(&line); !rc && word.n; word = next_word(&line))
		rc = read_scope(token, word, source);
	if (!rc && !token->scope_count)
		rc = wrong(source, "no scope: nothing is allowed");
	return rc;
}

/* --- the file */

int tokens_read(struct tokens *tokens, const char *path, const char *text,
		size_t len, struct ztp_error *error)
{
	struct source source = {path, 0, error};
	size_t at = ztp_bom_len(text, len);
	int rc = 0;

	*tokens = (struct tokens){.count = 0};
	if (memchr(text, '\0', len))
		return ztp_fail(error, ZTP_ERR_NUL, "%s contains a NUL byte",
				path);
	tokens->items = calloc(TOKENS_MAX + 1, sizeof(*tokens->items));
	if (!tokens->items)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	while (!rc && at < len) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - text) - at : len - at;

		source.line++;
		rc = read_line(tokens, (struct ztp_str){text + at, n}, &source);
		at += n + 1;
	}
	if (!rc && !tokens->count)
		rc = ztp_fail(error, ZTP_ERR_EMPTY, "%s names no token", path);
	if (rc)
		tokens_clear(tokens);
	return rc;
}

int tokens_load(struct tokens *tokens, const char *path,
		struct ztp_error *error)
{
	struct stat facts;
	char *text = NULL;
	size_t len;
	int rc;

	*tokens = (struct tokens){.count = 0};
	if (stat(path, &facts) == 0 && S_ISREG(facts.st_mode) &&
	    (facts.st_mode & 077) != 0)
		return ztp_fail(error, ZTP_ERR_VALUE,
				"%s may be read or written by others than its "
				"owner; chmod 600 it",
				path);
	rc = ztp_file_read(&text, &len, path, TOKENS_FILE_MAX, error);
	if (rc)
		return rc;
	rc = tokens_read(tokens, path, text, len, error);
	free(text);
	return rc;
}

void tokens_clear(struct tokens *tokens)
{
	for (size_t i = 0; i < tokens->count; i++)
		for (size_t j = 0; j < tokens->items[i].scope_count; j++)
			free(tokens->items[i].scopes[j]);
	free(tokens->items);
	*tokens = (struct tokens){.count = 0};
}

/* --- using them */

struct token *tokens_find(const struct tokens *tokens, bool is_cert,
			  const uint8_t hash[ZTP_SHA256_LEN])
{
	struct token *found = NULL;

	for (size_t i = 0; i < tokens->count; i++) {
		struct token *token = &tokens->items[i];
		bool same =
			CRYPTO_memcmp(token->hash, hash, ZTP_SHA256_LEN) == 0;

		if (same && token->is_cert == is_cert)
			found = token;
	}
	return found;
}

static bool covers(struct ztp_str scope, struct ztp_str subscription,
		   struct ztp_str registry)
{
	const char *slash = memchr(scope.p, '/', scope.n);
	size_t n = slash ? (size_t)(slash - scope.p) : scope.n;

	if (n != subscription.n || memcmp(scope.p, subscription.p, n) != 0)
		return false;
	return !slash || (scope.n - n - 1 == registry.n &&
			  memcmp(slash + 1, registry.p, registry.n) == 0);
}

bool token_may(const struct token *token, struct ztp_str subscription,
	       struct ztp_str registry)
{
	for (size_t i = 0; i < token->scope_count; i++)
		if (covers(ztp_str_of(token->scopes[i]), subscription,
			   registry))
			return true;
	return false;
}

bool token_count(struct token *token, int64_t now_ms)
{
	const int64_t full = TOKEN_RATE * 1000;
	int64_t passed = token->at ? now_ms - token->at : full;

	token->left += passed > 1000 ? full : passed * TOKEN_RATE;
	if (token->left > full)
		token->left = full;
	token->at = now_ms;
	if (token->left < 1000)
		return false;
	token->left -= 1000;
	return true;
}

void token_charge(struct token *token, int requests)
{
	const int64_t least = -TOKEN_RATE * (int64_t)1000;

	token->left -= 1000 * (int64_t)requests;
	if (token->left < least)
		token->left = least;
}
