# Running it: the demo and the tests. Each target installs and fetches what it
# needs first, so that each works alone on a fresh Debian 12.

TEST_DIRS = $(patsubst %/,%,$(sort $(dir $(wildcard tests/local/test_*.py \
              tests/e2e/test_*.py tests/fault/test_*.py \
              tests/bench/test_*.py))))
RUN_ENV = ZTP_BUILD='$(abspath $(BUILD))' PYTHONDONTWRITEBYTECODE=1

kafka:
	$(Q)scripts/deps kafka
	$(Q)scripts/kafka-fetch

demo:
	$(Q)scripts/deps build demo $(if $(filter apache,$(KAFKA)),kafka)
	$(Q)$(if $(filter apache,$(KAFKA)),scripts/kafka-fetch >/dev/null)
	$(Q)+$(MAKE) --no-print-directory all
	$(Q)$(RUN_ENV) $(PYTHON) scripts/demo --kafka $(KAFKA)

# Most tests wait for somebody: two files at a time, each with brokers of its
# own, cost no more than one.
WORKERS ?= 2
PARALLEL = -n $(WORKERS) --dist loadfile

# Everything; skips nothing; pytest's closing line is the last one.
test:
	$(Q)scripts/deps build demo kafka test instructions
	$(Q)scripts/kafka-fetch >/dev/null
	$(Q)+$(MAKE) --no-print-directory all
	$(Q)+$(MAKE) --no-print-directory unit fuzz-smoke $(SIM_BIN)
	$(Q)$(RUN_ENV) $(PYTEST) $(PARALLEL) $(PYTEST_ARGS) $(TEST_DIRS)

# What one runs between two edits.
check:
	$(Q)scripts/deps build demo test
	$(Q)+$(MAKE) --no-print-directory all
	$(Q)+$(MAKE) --no-print-directory unit fuzz-smoke $(SIM_BIN)
	$(Q)$(RUN_ENV) $(PYTEST) $(PYTEST_ARGS) tests/local

local: all
	$(Q)$(RUN_ENV) $(PYTEST) $(PYTEST_ARGS) tests/local

e2e: all
	$(Q)scripts/kafka-fetch >/dev/null
	$(Q)$(RUN_ENV) $(PYTEST) $(PYTEST_ARGS) tests/e2e

# The whole programs, not only their units, under ASan and UBSan.
sanitize:
	$(Q)scripts/deps build demo test
	$(Q)+$(MAKE) --no-print-directory BUILD=$(BUILD)/sanitize CFLAGS='$(SAN)' all
	$(Q)ZTP_BUILD='$(abspath $(BUILD))/sanitize' PYTHONDONTWRITEBYTECODE=1 \
		ASAN_OPTIONS=abort_on_error=0:detect_leaks=1 \
		UBSAN_OPTIONS=print_stacktrace=1 \
		ZTP_SANITIZER="$$($(CC) -print-file-name=libasan.so)" \
		$(PYTEST) $(PYTEST_ARGS) tests/local
