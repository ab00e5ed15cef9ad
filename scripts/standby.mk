# One of several bridges without devices, which tests/cluster drives on a real
# Kafka.

CLUSTER_STANDBY := $(BUILD)/cluster/standby

helpers: $(CLUSTER_STANDBY)

$(CLUSTER_STANDBY): $(BUILD)/o/tests/cluster/standby.o $(call bridge_o,standby)
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(Q)$(LINK) -pie -o $@ $^ $(call bridge_libs,standby) $(LDLIBS)

-include $(BUILD)/o/tests/cluster/standby.d
