# The cost of the gate: `make bench-gate` compares a CONNECT over TLS with and
# without the gate, at several sizes of the registry, and measures the memory of
# held devices. It takes about three minutes and also writes the figures to
# $(BUILD)/bench/gate.json.

GATE_BENCH_BINS = $(BUILD)/bench/connect $(BUILD)/bench/crypto

$(GATE_BENCH_BINS): $(BUILD)/bench/%: $(BUILD)/o/tests/bench/%.o $(BUILD)/libztp_policy.a
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(Q)$(LINK) -pie -o $@ $^ -lssl $(POLICY_LIBS) $(LDLIBS)

bench-gate:
	$(Q)scripts/deps build demo unit test
	$(Q)+$(MAKE) $(JOBS) --no-print-directory all $(GATE_BENCH_BINS) $(BUILD)/bench/keys
	$(Q)$(RUN_ENV) $(PYTHON) scripts/bench-gate $(BENCH_ARGS)

.PHONY: bench-gate

-include $(patsubst %,$(BUILD)/o/tests/bench/%.d,connect crypto)
