# What tests/cluster drives on a real Kafka. `ledger` is a bridge's ledger without
# the bridge: its commits are wrapped, so that a test can kill it beside one.
# `active` is a bridge with that ledger, which is always the active one.

CLUSTER_LEDGER := $(BUILD)/cluster/ledger
CLUSTER_ACTIVE := $(BUILD)/cluster/active

helpers: $(CLUSTER_LEDGER) $(CLUSTER_ACTIVE)

$(CLUSTER_LEDGER): $(BUILD)/o/tests/cluster/ledger.o $(call bridge_o,ledger)
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(Q)$(LINK) -pie -Wl,--wrap=rd_kafka_commit_transaction,--wrap=store_commit \
		-o $@ $^ $(call bridge_libs,ledger) $(LDLIBS)

$(CLUSTER_ACTIVE): $(BUILD)/o/tests/cluster/active.o $(call bridge_o,loop)
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(Q)$(LINK) -pie -o $@ $^ $(BRIDGE_LIBS) $(LDLIBS)

-include $(BUILD)/o/tests/cluster/ledger.d $(BUILD)/o/tests/cluster/active.d
