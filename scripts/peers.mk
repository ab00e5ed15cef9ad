# ztp-bridge compared with other programs that carry MQTT to Kafka. `make
# bench-peers` runs the same load through each of them in turn, on one Mosquitto
# and one Kafka, and writes $(BUILD)/bench/peers.json, from which `make
# bench-report` writes docs/benchmarks.md. It takes about 25 minutes with
# PEER_ROUNDS=5, and the first run builds the peers. `make bench-peers-smoke`
# does the same in one short round of two minutes, to check for loss and not for
# time.

PEER_ROUNDS ?= 5
FLOOR_BIN = $(BUILD)/bench/floor

$(FLOOR_BIN): $(BUILD)/o/tests/bench/floor.o $(BUILD)/libztp_policy.a
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(Q)$(LINK) -pie -o $@ $^ -lrdkafka -lpaho-mqtt3as $(POLICY_LIBS) $(LDLIBS)

.PHONY: bench-peers bench-peers-smoke bench-report peers-ready

peers-ready:
	$(Q)scripts/deps build demo kafka peers
	$(Q)scripts/kafka-fetch >/dev/null
	$(Q)+$(MAKE) $(JOBS) --no-print-directory all helpers $(FLOOR_BIN)

bench-peers: peers-ready
	$(Q)$(RUN_ENV) $(PYTHON) scripts/bench-peers --rounds $(PEER_ROUNDS) $(BENCH_ARGS)

bench-peers-smoke: peers-ready
	$(Q)$(RUN_ENV) $(PYTHON) scripts/bench-peers --smoke \
		--out $(BUILD)/bench/smoke $(BENCH_ARGS)

bench-report:
	$(Q)$(RUN_ENV) $(PYTHON) scripts/bench-report

-include $(BUILD)/o/tests/bench/floor.d
