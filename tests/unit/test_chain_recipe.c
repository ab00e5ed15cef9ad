/* The manuals' recipe for a registry's CA and a device's certificate, run with
 * the openssl program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "certs.h"
#include "ztp/chain.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void run(const char *dir, const char *const *argv)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		if (null < 0 || chdir(dir) != 0 || dup2(null, 2) < 0 ||
		    dup2(null, 1) < 0)
			_exit(126);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static char *take_file(const char *dir, const char *name, size_t *len)
{
	char path[256], *text = malloc(ZTP_CERT_TEXT_MAX);
	FILE *file;

	assert_non_null(text);
	snprintf(path, sizeof path, "%s/%s", dir, name);
	file = fopen(path, "r");
	assert_non_null(file);
	*len = fread(text, 1, ZTP_CERT_TEXT_MAX, file);
	assert_int_equal(fclose(file), 0);
	return text;
}

static void drop_files(const char *dir)
{
	static const char *const names[] = {
		"ca_private.pem", "ca_cert.pem",     "ca_cert.srl",  "ca.srl",
		"rsa_cert.csr",	  "rsa_private.pem", "rsa_cert.pem",
	};
	char path[256];

	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(dir), 0);
}

#define RUN(...) run(dir, (const char *const[]){"openssl", __VA_ARGS__, NULL})

static void the_recipe_verbatim(void **state)
{
	char dir[] = "/tmp/ztp-recipe-XXXXXX", *ca_text, *leaf_text;
	size_t ca_len, leaf_len;
	struct ztp_cert leaf = {.der = NULL};
	struct ztp_ca *ca;
	struct ztp_error error = {0};
	int64_t now_ms;

	(void)state;
	assert_non_null(mkdtemp(dir));
	RUN("genpkey", "-algorithm", "RSA", "-out", "ca_private.pem",
	    "-pkeyopt", "rsa_keygen_bits:2048");
	RUN("req", "-x509", "-new", "-nodes", "-key", "ca_private.pem",
	    "-sha256", "-out", "ca_cert.pem", "-subj", "/CN=registry-ca");
	RUN("genpkey", "-algorithm", "RSA", "-out", "rsa_private.pem",
	    "-pkeyopt", "rsa_keygen_bits:2048");
	RUN("req", "-new", "-sha256", "-key", "rsa_private.pem", "-out",
	    "rsa_cert.csr", "-subj", "/CN=unused-device");
	RUN("x509", "-req", "-in", "rsa_cert.csr", "-CA", "ca_cert.pem",
	    "-CAkey", "ca_private.pem", "-CAcreateserial", "-sha256", "-out",
	    "rsa_cert.pem");
	ca_text = take_file(dir, "ca_cert.pem", &ca_len);
	leaf_text = take_file(dir, "rsa_cert.pem", &leaf_len);
	drop_files(dir);

	if (ztp_ca_parse(&ca, ca_text, ca_len, &error) != 0 ||
	    ztp_cert_parse(&leaf, leaf_text, leaf_len, &error) != 0)
		fail_msg("%s", error.message);
	assert_string_equal(leaf.subject, "CN=unused-device");
	assert_string_equal(leaf.issuer, "CN=registry-ca");
	assert_int_equal(leaf.not_after - leaf.not_before, 30 * CERTS_DAY_MS);
	now_ms = leaf.not_before + 1000;
	if (ztp_chain_check(&leaf, &ca, 1, now_ms, NULL, &error) != 0)
		fail_msg("%s", error.message);
	ztp_cert_clear(&leaf);
	ztp_ca_free(ca);
	free(ca_text);
	free(leaf_text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_recipe_verbatim),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
