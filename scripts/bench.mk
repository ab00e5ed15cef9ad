# Throughput, latency and cost: `make bench` measures the whole path on a real
# Mosquitto and Kafka, prints a table and writes $(BUILD)/bench/*.json. `make
# bench-smoke` runs the same programs for a few seconds at a low rate and checks
# only for loss.

BENCH_PARTS = load sink decide listen
BENCH_BINS = $(BENCH_PARTS:%=$(BUILD)/bench/%)
BENCH_COMMON = $(patsubst %,$(BUILD)/o/tests/bench/%.o,part tally)
BENCH_KAFKA = $(if $(filter file default undefined,$(origin KAFKA)),apache,$(KAFKA))

helpers: $(BENCH_BINS)

$(BENCH_BINS): $(BUILD)/bench/%: $(BUILD)/o/tests/bench/%.o $(BENCH_COMMON)
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(Q)$(LINK) -pie -o $@ $^ -lrdkafka -lmosquitto $(LDLIBS)

bench:
	$(Q)scripts/deps build demo $(if $(filter apache,$(BENCH_KAFKA)),kafka)
	$(Q)$(if $(filter apache,$(BENCH_KAFKA)),scripts/kafka-fetch >/dev/null)
	$(Q)+$(MAKE) $(JOBS) --no-print-directory all helpers
	$(Q)$(RUN_ENV) $(PYTHON) scripts/bench --kafka $(BENCH_KAFKA) $(BENCH_ARGS)

bench-smoke:
	$(Q)scripts/deps build demo unit test
	$(Q)+$(MAKE) $(JOBS) --no-print-directory all helpers
	$(Q)$(RUN_ENV) $(PYTEST) $(PYTEST_ARGS) tests/bench/test_smoke.py

.PHONY: bench-smoke

-include $(patsubst %,$(BUILD)/o/tests/bench/%.d,$(BENCH_PARTS) part tally)
