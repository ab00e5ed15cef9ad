# Every n-th allocation, read, write, fsync, send and receive fails, one after
# the other, through a whole life (tests/torture). `make torture` does all of
# them, which takes long; `make torture-smoke` some, spread evenly. Both run
# under AddressSanitizer, LeakSanitizer and UBSan.

TORTURE_ARGS  ?=
TORTURE_DIR   := $(BUILD)/torture
TORTURE_SMOKE ?= 12
TORTURE_PARTS := $(addprefix tests/torture/,fail.c paths.c memory.c campaign.c)

TORTURE_SIM := $(filter-out tests/sim/main.c,$(call src,tests/sim))
TORTURE_BRIDGE := $(TORTURE_PARTS) $(addprefix tests/torture/,system.c library.c bridge.c)

# What the linker puts our functions before. The first list is the
# simulation's own, some of which tests/torture/system.c takes over.
TORTURE_MEMORY := malloc calloc realloc reallocarray free strdup strndup
TORTURE_WRAP := $(SIM_WRAP) $(SIM_WITHOUT) $(TORTURE_MEMORY) loop_run plan_draw gate_command world_logged sim_alloc sim_copy \
	$(addprefix disk_,open read write grow truncate sync unlink) \
	$(addprefix mosquitto_,new connect_async subscribe publish_v5 loop_read loop_misc) \
	$(addprefix MQTTAsync_,createWithOptions connect subscribeMany disconnect) \
	MQTTProperties_add \
	$(addprefix rd_kafka_,new subscribe assign assignment commit flush metadata \
	offsets_for_times producev)

$(TORTURE_DIR)/o/tests/sim/%.o: tests/sim/%.c
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(BASE) $(CPPFLAGS) $(CFLAGS) $(SAN) -include tests/torture/sim_names.h \
		-DZTP_VERSION='"sim"' -c -o $@ $<

$(TORTURE_DIR)/bridge: $(patsubst %.c,$(TORTURE_DIR)/o/%.o,$(TORTURE_SIM)) \
		$(patsubst %.c,$(BUILD)/san/%.o,$(TORTURE_BRIDGE)) \
		$(call bridge_san,group)
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(Q)$(LINK_SAN) -rdynamic $(TORTURE_WRAP:%=-Wl$(comma)--wrap=%) -o $@ $^ $(BRIDGE_LIBS) -lcjson $(LDLIBS)

# The test's own memory never fails, nor does that of the played broker.
TORTURE_GATE_OWN := $(addprefix tests/torture/,gate.c gate_entries.c gate_orders.c gate_devices.c gate_sweep.c) \
	$(addprefix tests/unit/,gate_broker.c gate_fixture.c certs.c certs_der.c)
TORTURE_GATE := $(TORTURE_PARTS) tests/torture/gate_calls.c
TORTURE_GATE_WRAP := $(TORTURE_MEMORY) open fchmod fstat stat getrandom clock_gettime \
	$(addprefix mosquitto_,callback_register set_username broker_publish_copy property_add_string)

$(TORTURE_DIR)/own/%.o: %.c
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(BASE) $(CPPFLAGS) $(CFLAGS) $(SAN) -include tests/torture/own_memory.h \
		-DZTP_VERSION='"torture"' -c -o $@ $<

$(TORTURE_DIR)/gate: $(patsubst %.c,$(TORTURE_DIR)/own/%.o,$(TORTURE_GATE_OWN)) \
		$(patsubst %.c,$(BUILD)/san/%.o,$(TORTURE_GATE)) $(SAN_GATE) $(LIBS_SAN)
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(Q)$(LINK_SAN) -rdynamic $(TORTURE_GATE_WRAP:%=-Wl$(comma)--wrap=%) -o $@ $^ $(GATE_LIBS) \
		-lcmocka $(LDLIBS)

# Takes some hours on two cores. Of the kinds with thousands of calls (SQLite
# alone allocates 180,000 times) some of each way to a call run, all of them with
# TORTURE_ARGS=--every, for days. A part of it: TORTURE_ARGS='--kind write'.
torture:
	$(Q)scripts/deps build unit
	$(Q)+$(MAKE) $(JOBS) --no-print-directory $(TORTURE_DIR)/bridge $(TORTURE_DIR)/gate
	$(Q)$(TORTURE_DIR)/gate $(TORTURE_ARGS)
	$(Q)$(TORTURE_DIR)/bridge $(TORTURE_ARGS)

beside-built: $(TORTURE_DIR)/bridge $(TORTURE_DIR)/gate

torture-smoke: $(TORTURE_DIR)/bridge $(TORTURE_DIR)/gate
	$(Q)$(TORTURE_DIR)/gate --smoke $(TORTURE_SMOKE)
	$(Q)$(TORTURE_DIR)/bridge --smoke $(TORTURE_SMOKE)

.PHONY: torture torture-smoke

-include $(patsubst %.c,$(TORTURE_DIR)/o/%.d,$(TORTURE_SIM))
-include $(patsubst %.c,$(BUILD)/san/%.d,$(TORTURE_BRIDGE))
-include $(patsubst %.c,$(TORTURE_DIR)/own/%.d,$(TORTURE_GATE_OWN))
-include $(patsubst %.c,$(BUILD)/san/%.d,tests/torture/gate_calls.c)
