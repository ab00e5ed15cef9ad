# Static analysis, with the tools of Debian 12 (clang-format and clang-tidy 14,
# cppcheck 2.10).

LINT_DIRS = $(wildcard policy base bridge gate tools scripts tests/unit tests/fuzz tests/bench tests/fault tests/sim tests/torture)
LINT_C = $(sort $(shell find $(LINT_DIRS) -name '*.c'))
LINT_H = $(sort $(shell find include $(LINT_DIRS) -name '*.h'))
# Compiled by tests/local/test_device_examples.py, with headers of its own.
LINT_ESP = $(sort $(shell find examples/device tests/esp_idf -name '*.[ch]'))
LINT_SH = $(shell grep -lE '^\#!/bin/(ba)?sh' $$(git ls-files 2>/dev/null || \
            find scripts .ci tests -type f) 2>/dev/null)
LINT_PY = tests examples scripts $(shell grep -lE '^\#!.*python' scripts/* 2>/dev/null)

lint: lint-format lint-tidy lint-cppcheck lint-shell lint-python lint-layers lint-strings
.PHONY: lint-deps lint-format lint-tidy lint-cppcheck lint-shell lint-python lint-layers \
        lint-strings

lint-deps:
	$(Q)scripts/deps build unit test lint
	$(Q)scripts/lint-tools

lint-format: lint-deps
	$(Q)clang-format --dry-run -Werror $(LINT_C) $(LINT_H) $(LINT_ESP)

# One file per run: clang-tidy 14 confuses va_lists between the files of a run.
lint-tidy: lint-deps
	$(Q)printf '%s\n' $(LINT_C) | xargs -P 2 -n 1 sh -c \
		'clang-tidy --quiet "$$@" -- -std=c11 -D_GNU_SOURCE -Iinclude -I. \
		-DZTP_VERSION=\"lint\" 2>/dev/null || exit 1' tidy

lint-cppcheck: lint-deps
	$(Q)cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr -j 2 \
		--enable=warning,performance,portability \
		--suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches \
		--include=/usr/include/cjson/cJSON.h --suppress=uninitdata \
		-D_GNU_SOURCE -DZTP_VERSION='"lint"' -Iinclude -I. $(LINT_DIRS)

lint-shell: lint-deps
	$(Q)shellcheck $(LINT_SH)

# Names that nobody defines or uses. A fixture has the name of a module's function.
lint-python: lint-deps
	$(Q)flake8 --isolated --select F --extend-ignore F811 $(LINT_PY)

# Includes that point upward, and files that call each other in a circle.
lint-layers: all
	$(Q)scripts/layers $(BUILD)

# Names of the contract that are written twice.
lint-strings:
	$(Q)scripts/strings

format:
	$(Q)scripts/deps lint
	$(Q)scripts/lint-tools
	$(Q)clang-format -i $(LINT_C) $(LINT_H) $(LINT_ESP)
