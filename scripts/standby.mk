# One of several bridges without devices, which tests/cluster drives on a real
# Kafka.

CLUSTER_STANDBY := $(BUILD)/cluster/standby

helpers: $(CLUSTER_STANDBY)

$(CLUSTER_STANDBY): $(BUILD)/o/tests/cluster/standby.o $(call bridge_o,standby)
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(Q)$(LINK) -pie -o $@ $^ $(call bridge_libs,standby) $(LDLIBS)

-include $(BUILD)/o/tests/cluster/standby.d

# What the bridges of a group stand on, and their takeovers, on three brokers;
# and a store's move killed in each of its steps, not only in every fourth.
.PHONY: contract
contract:
	$(Q)scripts/deps build kafka test
	$(Q)scripts/kafka-fetch >/dev/null
	$(Q)+$(MAKE) $(JOBS) --no-print-directory all helpers
	$(Q)$(RUN_ENV) ZTP_CLUSTER_BROKERS=3 ZTP_EVERY_STEP=1 \
		$(PYTEST) $(PYTEST_ARGS) \
		tests/cluster/contract_*.py tests/cluster

# Disasters on three bridges under load, without a gate and then with it: `make
# chaos ROUNDS=100 SEED=1`, with BROKERS=1 on one broker, with GATE=yes or no in one
# of the two ways, with BEFORE=FILE beside a bridge of another version, with
# ONLY=kafka_killed,kafka_stopped for some of them, with MINUTES=30 until then.
BROKERS ?= 3
GATE    ?= both
.PHONY: chaos
chaos:
	$(Q)scripts/deps build demo kafka test
	$(Q)scripts/kafka-fetch >/dev/null
	$(Q)+$(MAKE) $(JOBS) --no-print-directory all helpers
	$(Q)$(RUN_ENV) $(PYTHON) tests/cluster/chaos.py --rounds $(ROUNDS) \
		--brokers $(BROKERS) --gate $(GATE) --json $(BUILD)/chaos.json \
		$(if $(SEED),--seed $(SEED)) $(if $(BEFORE),--before $(BEFORE)) \
		$(if $(ONLY),--only $(ONLY)) $(if $(MINUTES),--minutes $(MINUTES))

# The bridge, which a test can stop before a commit.
CLUSTER_STOPS := $(BUILD)/cluster/ztp-bridge-stops
helpers: $(CLUSTER_STOPS)

$(CLUSTER_STOPS): $(BUILD)/o/tests/cluster/stops.o \
		$(call obj,o,$(call src,bridge)) $(call bridge_o,group)
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(Q)$(LINK) -pie \
		-Wl,--wrap=rd_kafka_commit_transaction,--wrap=turn_add_record \
		-Wl,--wrap=state_reader_bounds \
		-o $@ $^ $(BRIDGE_LIBS) $(LDLIBS)

-include $(BUILD)/o/tests/cluster/stops.d

# What it costs to be one of several: `make bench-standby`, with BENCH_ARGS.
.PHONY: bench-standby
bench-standby:
	$(Q)scripts/deps build demo kafka
	$(Q)scripts/kafka-fetch >/dev/null
	$(Q)+$(MAKE) $(JOBS) --no-print-directory all helpers
	$(Q)$(RUN_ENV) $(PYTHON) scripts/bench-standby $(BENCH_ARGS)
