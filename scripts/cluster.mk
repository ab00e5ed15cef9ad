# A bridge's ledger without the bridge, which tests/cluster drives on a real
# Kafka: its commits are wrapped, so that a test can kill it beside one.

CLUSTER_LEDGER := $(BUILD)/cluster/ledger

helpers: $(CLUSTER_LEDGER)

$(CLUSTER_LEDGER): $(BUILD)/o/tests/cluster/ledger.o $(call bridge_o,ledger)
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(Q)$(LINK) -pie -Wl,--wrap=rd_kafka_commit_transaction -o $@ $^ \
		$(call bridge_libs,ledger) $(LDLIBS)

-include $(BUILD)/o/tests/cluster/ledger.d
