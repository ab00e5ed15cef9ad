"""The policy library in another program: it needs the installed files and
libcrypto, and nothing else."""

import os
import subprocess

import pytest

from harness.where import ROOT, build

HEADERS = sorted(path.name for path in (ROOT / "include/ztp").glob("*.h"))
STRICT = ("-std=c11", "-pedantic", "-Wall", "-Wextra", "-Werror")
SANITIZED = ("-fsanitize=address,undefined",) \
    if "ZTP_SANITIZER" in os.environ else ()

# Reads members of a decision, one of them nested, as in docs/schemas.
PROGRAM = r"""
#include <stdio.h>
#include <ztp/json.h>

enum { REQUEST_ID, PAYLOAD, MEMBERS };

static int print_item(void *arg, const struct ztp_json_item *item)
{
	(void)arg;
	printf("%.*s=%.*s\n", (int)item->name.n, item->name.p,
	       (int)item->raw.n, item->raw.p);
	return 0;
}

int main(int argc, char **argv)
{
	struct ztp_field fields[MEMBERS] = {
		[REQUEST_ID] = {.name = "request_id"},
		[PAYLOAD] = {.name = "payload"},
	};
	struct ztp_str text = {argv[argc - 1], strlen(argv[argc - 1])}, id;
	struct ztp_object object;
	struct ztp_error error;

	if (ztp_object_read(&object, fields, MEMBERS, text, 4096, &error)) {
		puts(ztp_err_name(error.code));
		return 1;
	}
	if (ztp_object_string(&id, &object, REQUEST_ID, 128, &error) == 0)
		printf("%.*s\n", (int)id.n, id.p);
	(void)ztp_json_each(fields[PAYLOAD].raw, 4096, print_item, NULL, NULL);
	ztp_object_clear(&object);
	return 0;
}
"""


def run(*argv, code=0):
    done = subprocess.run([str(arg) for arg in argv], check=False, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    assert done.returncode == code, done.stdout
    return done.stdout


@pytest.fixture(name="place", scope="module")
def installed(tmp_path_factory):
    """The installation, and a cJSON header that cannot be included."""
    place = tmp_path_factory.mktemp("installed")
    env = {key: value for key, value in os.environ.items()
           if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    subprocess.run(["make", f"BUILD={build()}", "PREFIX=/usr",
                    f"DESTDIR={place}", "install"], cwd=ROOT, env=env,
                   stdout=subprocess.PIPE, check=True)
    (place / "absent/cjson").mkdir(parents=True)
    (place / "absent/cjson/cJSON.h").write_text("#error not installed\n")
    return place


def compile_there(place, *argv):
    return run("cc", *STRICT, *SANITIZED, f"-I{place}/absent",
               f"-I{place}/usr/include", *argv)


@pytest.mark.parametrize("header", HEADERS)
def test_each_header_compiles_alone(place, tmp_path, header):
    source = tmp_path / "one.c"
    source.write_text(f"#include <ztp/{header}>\n" * 2 + "int main(void);\n")
    compile_there(place, "-fsyntax-only", source)


def test_a_program_that_reads_json(place, tmp_path):
    source = tmp_path / "reader.c"
    source.write_text(PROGRAM)
    program = tmp_path / "reader"
    compile_there(place, "-o", program, source,
                  f"{place}/usr/lib/libztp_policy.a", "-lcrypto")
    assert run(program, r'{"request_id":"\u0072-1","payload":'
                        '{"n": 9007199254740993, "l": [1]}}') == \
        "r-1\nn=9007199254740993\nl=[1]\n"
    assert run(program, '{"a":1,"a":1}', code=1) == "duplicate_key\n"


def test_the_library_needs_libcrypto_only(place):
    needed = run("nm", "-u", f"{place}/usr/lib/libztp_policy.a")
    assert "cJSON" not in needed
