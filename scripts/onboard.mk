# The whole chain: `make bench-onboard` takes new devices from their CONNECT to
# their payload, on a Mosquitto with the gate over TLS, a real Kafka and the
# reference approver, beside the broker's own ceiling, and writes
# $(BUILD)/bench/onboard.json, which `make bench-report` shows. BENCH_ARGS are
# options of scripts/bench-onboard.

ONBOARD_BINS = $(BUILD)/bench/onboard $(BUILD)/bench/keys
ONBOARD_PARTS = onboard onboard_link onboard_packet onboard_device onboard_live part

helpers: $(ONBOARD_BINS)

$(BUILD)/bench/onboard: $(ONBOARD_PARTS:%=$(BUILD)/o/tests/bench/%.o)
$(BUILD)/bench/keys: $(BUILD)/o/tests/bench/keys.o $(BUILD)/libztp_policy.a
$(ONBOARD_BINS):
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(Q)$(LINK) -pie -o $@ $^ -lssl $(POLICY_LIBS) $(LDLIBS)

bench-onboard:
	$(Q)scripts/deps build demo kafka trace
	$(Q)scripts/kafka-fetch >/dev/null
	$(Q)+$(MAKE) $(JOBS) --no-print-directory all helpers
	$(Q)$(RUN_ENV) $(PYTHON) scripts/bench-onboard $(BENCH_ARGS)

.PHONY: bench-onboard

-include $(patsubst %,$(BUILD)/o/tests/bench/%.d,$(ONBOARD_PARTS) keys)
