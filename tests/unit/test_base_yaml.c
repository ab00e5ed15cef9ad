/* YAML: what is read, with the line of each value, and what is refused,
 * with which message and line. The meaning of keys is for the tests of
 * their users. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/yaml.h"
#include "tests/unit/exact.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* --- what is read */

/* "1:a=2:[2:x 2:~]": each key and each value after its line number. */
static void write_node(FILE *out, const struct ztp_yaml_node *node)
{
	const struct ztp_yaml_node *child;
	const char *brackets = node->kind == ZTP_YAML_MAP ? "{}" : "[]";

	if (node->key)
		fprintf(out, "%d:%s=", node->key_line, node->key);
	else
		assert_int_equal(node->key_line, node->line);
	fprintf(out, "%d:", node->line);
	assert_true((node->kind == ZTP_YAML_SCALAR) == (node->text != NULL));
	if (node->text) {
		assert_null(node->first);
		fputs(node->is_null ? "~" : node->text, out);
		return;
	}
	assert_false(node->is_null);
	fputc(brackets[0], out);
	for (child = node->first; child; child = child->next) {
		write_node(out, child);
		if (child->next)
			fputc(' ', out);
	}
	fputc(brackets[1], out);
}

static void reads(const char *text, size_t len, const char *as)
{
	struct ztp_yaml_node *root;
	struct ztp_error error = {0};
	char *tree = NULL;
	size_t size;
	FILE *out;
	int line;

	if (ztp_yaml_read(&root, text, len, &line, &error) != 0)
		fail_msg("%d: %s in\n%s", line, error.message, text);
	assert_null(root->next);
	out = open_memstream(&tree, &size);
	assert_non_null(out);
	write_node(out, root);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(tree, as);
	free(tree);
	ztp_yaml_free(root);
}

static void trees(void **state)
{
	static const struct {
		const char *text, *as;
	} rows[] = {
		{"", "1:~"},
		{"# nothing\n\n", "1:~"},
		{"---\n", "2:~"},
		{"hello\n", "1:hello"},
		{"~\n", "1:~"},
		{"{}\n", "1:{}"},
		{"\n[]\n", "2:[]"},
		{"a: 1\nb:\n", "1:{1:a=1:1 2:b=2:~}"},
		{"a:\n  b:\n    c: d\n", "1:{1:a=2:{2:b=3:{3:c=3:d}}}"},
		{"a: {b: 1, c: [x, y]}\n",
		 "1:{1:a=1:{1:b=1:1 1:c=1:[1:x 1:y]}}"},
		{"a:\n- x\n-\n- {b: c}\n", "1:{1:a=2:[2:x 3:~ 4:{4:b=4:c}]}"},
		{"a:\n\n  |\n  two\n  lines\n", "1:{1:a=3:two\nlines\n}"},
		{"a: null\nb: Null\nc: NULL\nd: nULL\ne: \"\"\nf: 'null'\n",
		 "1:{1:a=1:~ 2:b=2:~ 3:c=3:~ 4:d=4:nULL 5:e=5: 6:f=6:null}"},
		{"a.b: 1\n? c d\n: e\n", "1:{1:a.b=1:1 2:c d=3:e}"},
		{"\"<<\": {a: b}\n", "1:{1:<<=1:{1:a=1:b}}"},
		{"a: {a: {a: b}}\nb: [{a: 1}, {a: 2}]\n",
		 "1:{1:a=1:{1:a=1:{1:a=1:b}} 2:b=2:[2:{2:a=2:1} 2:{2:a=2:2}]}"},
		{"%YAML 1.1\n---\na: 1\n...\n", "3:{3:a=3:1}"},
		{"\xef\xbb\xbf"
		 "a: \xc3\xa9\n",
		 "1:{1:a=1:\xc3\xa9}"},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		reads(rows[i].text, strlen(rows[i].text), rows[i].as);
}

/* --- what is refused */

static void refuses(const char *text, size_t len, int line, enum ztp_err code,
		    const char *says)
{
	struct ztp_yaml_node *root = NULL;
	struct ztp_error error = {0};
	int at = -1;

	if (ztp_yaml_read(&root, text, len, &at, &error) == 0)
		fail_msg("accepted:\n%s", text);
	assert_null(root);
	if (at != line || error.code != code || !strstr(error.message, says))
		fail_msg("%d: %s (%d)\nnot\n%d: %s (%d) in\n%s", at,
			 error.message, error.code, line, says, code, text);
}

static void refusals(void **state)
{
	static const struct {
		const char *text;
		int line;
		enum ztp_err code;
		const char *says;
	} rows[] = {
		{"a: &x b\n", 1, ZTP_ERR_VALUE, "a: anchors, aliases"},
		{"a:\n  - &x b\n", 2, ZTP_ERR_VALUE, "a: anchors"},
		{"a: &x\n  b: c\n", 1, ZTP_ERR_VALUE, "a: anchors"},
		{"a: &x [b]\n", 1, ZTP_ERR_VALUE, "a: anchors"},
		{"&x a: b\n", 1, ZTP_ERR_VALUE, "anchors"},
		{"a: b\nc: *x\n", 2, ZTP_ERR_VALUE, "c: anchors"},
		{"*x : b\n", 1, ZTP_ERR_VALUE, "anchors"},
		{"a: !!str b\n", 1, ZTP_ERR_VALUE, "a: anchors"},
		{"a: ! b\n", 1, ZTP_ERR_VALUE, "a: anchors"},
		{"a: !t {b: c}\n", 1, ZTP_ERR_VALUE, "a: anchors"},
		{"a: !t [b]\n", 1, ZTP_ERR_VALUE, "a: anchors"},
		{"a: b\n<<: {a: c}\n", 2, ZTP_ERR_VALUE, "<<: merge keys"},
		{"a:\n  b: 1\n  c: 2\n  b: 3\n", 4, ZTP_ERR_DUPLICATE_KEY,
		 "a.b: given more than once"},
		{"a: 1\n\"a\": 2\n", 2, ZTP_ERR_DUPLICATE_KEY, "a: given more"},
		{"a:\n- {b: {c: 1, c: 2}}\n", 2, ZTP_ERR_DUPLICATE_KEY,
		 "a.b.c: given more"},
		{"a: 1\n? {b: c}\n: d\n", 2, ZTP_ERR_TYPE, "a key must be"},
		{"a:\n  ? [b]\n  : d\n", 2, ZTP_ERR_TYPE, "a: a key must be"},
		{"a: \"b\\0c\"\n", 1, ZTP_ERR_NUL, "a: contains a NUL"},
		{"a:\n  \"b\\0c\": d\n", 2, ZTP_ERR_NUL, "a: contains a NUL"},
		{"a: b\n---\nc: d\n", 2, ZTP_ERR_VALUE, "second document"},
		{"a: b\n...\n---\n", 3, ZTP_ERR_VALUE, "second document"},
		{"---\n---\n", 2, ZTP_ERR_VALUE, "second document"},
		{"a: {b: c\n", 2, ZTP_ERR_VALUE, "YAML: "},
		{"a:\n\tb: c\n", 2, ZTP_ERR_VALUE, "YAML: "},
		{"a: \"b\n", 2, ZTP_ERR_VALUE, "YAML: "},
		{"a: b\n\n# \xff\n", 3, ZTP_ERR_VALUE, "YAML: "},
		{"a: b\nc: \x01\n", 2, ZTP_ERR_VALUE, "YAML: "},
		{"a: \xc0\x80\n", 1, ZTP_ERR_VALUE, "YAML: "},
		{"\xe9\n", 1, ZTP_ERR_VALUE, "YAML: "},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		refuses(rows[i].text, strlen(rows[i].text), rows[i].line,
			rows[i].code, rows[i].says);
}

static void bytes_that_are_not_utf8(void **state)
{
	static const char utf16[] = "\xff\xfe"
				    "a\0:\0 \0b\0\n";

	(void)state;
	refuses(utf16, sizeof(utf16), 1, ZTP_ERR_VALUE, "YAML: ");
	refuses("a: b\nc: d\0e\n", 13, 2, ZTP_ERR_VALUE, "YAML: ");
}

/* --- bounds */

static void size(void **state)
{
	char *text = malloc(ZTP_YAML_SIZE_MAX + 1);

	(void)state;
	assert_non_null(text);
	memset(text, '\n', ZTP_YAML_SIZE_MAX + 1);
	reads(text, ZTP_YAML_SIZE_MAX, "1:~");
	refuses(text, ZTP_YAML_SIZE_MAX + 1, 1, ZTP_ERR_TOO_LARGE, "larger");
	free(text);
}

static void depth(void **state)
{
	char text[2 * ZTP_YAML_DEPTH_MAX + 3];
	const size_t n = ZTP_YAML_DEPTH_MAX;

	(void)state;
	memset(text, '[', n);
	memset(text + n, ']', n);
	reads(text, 2 * n,
	      "1:[1:[1:[1:[1:[1:[1:[1:[1:[1:[1:[1:[1:[1:[1:[1:[]]]]]]]]]]]]]]"
	      "]]");
	memset(text, '[', n + 1);
	memset(text + n + 1, ']', n + 1);
	refuses(text, 2 * n + 2, 1, ZTP_ERR_TOO_DEEP, "nested too deep");
	refuses(text, n + 1, 1, ZTP_ERR_TOO_DEEP, "nested too deep");
}

static void keys(void **state)
{
	struct ztp_yaml_node *root;
	char text[8 * (ZTP_YAML_KEYS_MAX + 1)], *at = text;
	int line;

	(void)state;
	for (int i = 0; i < ZTP_YAML_KEYS_MAX; i++)
		at += snprintf(at, (size_t)(text + sizeof(text) - at), "k%d:\n",
			       i);
	assert_int_equal(ztp_yaml_read(&root, text, strlen(text), &line, NULL),
			 0);
	ztp_yaml_free(root);
	memcpy(at, "more:\n", sizeof("more:\n"));
	refuses(text, strlen(text), ZTP_YAML_KEYS_MAX + 1, ZTP_ERR_TOO_MANY,
		"more: too many keys");
}

/* A name that is too long for a message is truncated. */
static void long_names(void **state)
{
	char text[1300], key[401];

	(void)state;
	memset(key, 'k', 400);
	key[400] = '\0';
	snprintf(text, sizeof(text), "%s:\n  %s: 1\n  %s: 2\n", key, key, key);
	refuses(text, strlen(text), 3, ZTP_ERR_DUPLICATE_KEY,
		"kk: given more than once");
}

/* A truncated file is read or refused. ASan guards its end. */
static void every_beginning(void **state)
{
	static const char text[] =
		"\xef\xbb\xbf# c\na: {b: [1, \"x\\ty\", ~]}\n"
		"d: |\n  \xc3\xa9\n? e\n: 'f'\n";

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		struct ztp_yaml_node *root;
		struct ztp_error error;
		int line, rc;
		void *copy = exact_copy(text, n);

		rc = ztp_yaml_read(&root, copy, n, &line, &error);
		assert_true(rc == 0 || (*error.message && !root));
		assert_true(line >= 1);
		ztp_yaml_free(root);
		free(copy);
	}
	ztp_yaml_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trees),
		cmocka_unit_test(refusals),
		cmocka_unit_test(bytes_that_are_not_utf8),
		cmocka_unit_test(size),
		cmocka_unit_test(depth),
		cmocka_unit_test(keys),
		cmocka_unit_test(long_names),
		cmocka_unit_test(every_beginning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
