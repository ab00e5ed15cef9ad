# The demo and the tests. Each target first installs and fetches what it needs,
# so that each works by itself on a fresh Debian 12 or 13.

TEST_DIRS = $(patsubst %/,%,$(sort $(dir $(wildcard tests/local/test_*.py \
              tests/e2e/test_*.py tests/fault/test_*.py \
              tests/bench/test_*.py tests/hostile/test_*.py \
              tests/cluster/test_*.py tests/model/test_*.py))))
# Selects another Apache Kafka than the default of scripts/kafka-fetch.
export KAFKA_VERSION

RUN_ENV = ZTP_BUILD='$(abspath $(BUILD))' PYTHONDONTWRITEBYTECODE=1

kafka:
	$(Q)scripts/deps kafka
	$(Q)scripts/kafka-fetch

demo:
	$(Q)scripts/deps build demo $(if $(filter apache,$(KAFKA)),kafka)
	$(Q)$(if $(filter apache,$(KAFKA)),scripts/kafka-fetch >/dev/null)
	$(Q)+$(MAKE) $(JOBS) --no-print-directory all
	$(Q)$(RUN_ENV) $(PYTHON) scripts/demo --kafka $(KAFKA)

# Most tests wait for other processes most of the time: a file takes a processor
# for a quarter of its time. So there are four more at a time than processors, each
# with brokers of its own, of which more than sixteen would take memory and no time.
WORKERS ?= $(shell echo $$(( $$(nproc) < 12 ? 4 + $$(nproc) : 16 )))
PARALLEL = -n $(WORKERS) --dist loadfile

# The smokes of fuzzing and torture are built and run beside the tests in Python, of
# what these leave of the processors: tests/local/test_beside.py tells how that has
# ended. Unit tests are not: some of them measure how long something takes.
# `make -n` runs what begins with a +, which shares the processes of `make -j`.
BESIDE = $(if $(findstring n,$(firstword -$(MAKEFLAGS))),,+)scripts/beside '$(abspath $(BUILD))/beside.log' \
	$(MAKE) $(JOBS) --no-print-directory beside -- \
	env $(RUN_ENV) $(PYTEST) $(PARALLEL) $(PYTEST_ARGS)

# Runs everything and skips nothing. pytest's summary is the last line.
test:
	$(Q)scripts/deps build demo kafka unit test instructions
	$(Q)scripts/kafka-fetch >/dev/null
	$(Q)+$(MAKE) $(JOBS) --no-print-directory all helpers
	$(Q)+$(MAKE) --no-print-directory unit
	$(Q)$(BESIDE) $(TEST_DIRS)

# The tests to run between edits.
check:
	$(Q)scripts/deps build demo unit test
	$(Q)+$(MAKE) $(JOBS) --no-print-directory all helpers
	$(Q)+$(MAKE) --no-print-directory unit
	$(Q)$(BESIDE) tests/local

# Only building yields to everybody: torture takes what stands still for a fault.
beside:
	$(Q)+nice -n 19 $(MAKE) --no-print-directory beside-built
	$(Q)+$(MAKE) --no-print-directory fuzz-smoke torture-smoke

.PHONY: beside beside-built

local:
	$(Q)scripts/deps build demo unit test
	$(Q)+$(MAKE) $(JOBS) --no-print-directory all helpers
	$(Q)$(RUN_ENV) $(PYTEST) $(PARALLEL) $(PYTEST_ARGS) tests/local

e2e:
	$(Q)scripts/deps build demo kafka unit test
	$(Q)scripts/kafka-fetch >/dev/null
	$(Q)+$(MAKE) $(JOBS) --no-print-directory all helpers
	$(Q)$(RUN_ENV) $(PYTEST) $(PARALLEL) $(PYTEST_ARGS) tests/e2e

# The local tests with the whole programs under ASan and UBSan, not only units.
sanitize:
	$(Q)scripts/deps build demo unit test
	$(Q)+$(MAKE) $(JOBS) --no-print-directory BUILD=$(BUILD)/sanitize CFLAGS='$(SAN)' \
		all helpers
	$(Q)ZTP_BUILD='$(abspath $(BUILD))/sanitize' PYTHONDONTWRITEBYTECODE=1 \
		ASAN_OPTIONS=abort_on_error=0:detect_leaks=1 \
		UBSAN_OPTIONS=print_stacktrace=1 \
		ZTP_SANITIZER="$$($(CC) -print-file-name=libasan.so)" \
		$(PYTEST) $(PYTEST_ARGS) tests/local
