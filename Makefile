# ztp-bridge: plain make, built out of the tree into $(BUILD).
#   make            everything that is installed
#   make V=1        with the commands shown
# Each folder's *.c is one part; a new file needs no line here.

BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
CC      ?= cc
CFLAGS  ?= -O2 -g
KAFKA   ?= embedded
PYTHON  ?= /usr/bin/python3
PYTEST  ?= $(PYTHON) -m pytest -p no:cacheprovider

VERSION := $(shell scripts/version)

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
        -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wformat=2 -Wvla
HARDEN := -fstack-protector-strong -fPIC
BASE := -std=c11 -D_GNU_SOURCE -Iinclude -I. $(WARN) $(HARDEN) -MMD -MP
SAN  := -fsanitize=address,undefined -fno-sanitize-recover=all \
        -fno-omit-frame-pointer -O1 -g

POLICY_LIBS := -lcjson -lcrypto
BRIDGE_LIBS := -lrdkafka -lpaho-mqtt3as -lmosquitto -lsqlite3 -lyaml -lmicrohttpd -lz \
               -lssl $(POLICY_LIBS) -lpthread
TOOL_LIBS   := -lrdkafka -lyaml -lssl $(POLICY_LIBS) -lpthread
MQTT_ztpctl := -lpaho-mqtt3as
MQTT_device := -lpaho-mqtt3cs # the blocking client: a device has time
BASE_LIBS   := -lsqlite3 $(POLICY_LIBS)
GATE_LIBS   := -lsqlite3 $(POLICY_LIBS) -lpthread

# A part is linked with those below it, base/ with policy/.
LIBS_O   = $(BUILD)/o/libztp_base.a $(BUILD)/libztp_policy.a
LIBS_SAN = $(BUILD)/san/libztp_base.a $(BUILD)/san/libztp_policy.a

src = $(sort $(wildcard $(1)/*.c))
obj = $(patsubst %.c,$(BUILD)/$(1)/%.o,$(2))

POLICY_SRC := $(call src,policy)
BASE_SRC   := $(call src,base)
BRIDGE_SRC := $(call src,bridge)
GATE_SRC   := $(call src,gate)
COMMON_SRC := $(call src,tools/common)
UNIT_SRC   := $(call src,tests/unit)
FUZZ_SRC   := $(call src,tests/fuzz)

TOOLS := approver devkafka device ztpctl
tool_bin = $(BUILD)/$(if $(filter ztpctl,$(1)),ztpctl,ztp-$(1))
TOOLS_BUILT := $(foreach t,$(TOOLS),$(if $(call src,tools/$(t)),$(call tool_bin,$(t))))

BINARIES := $(BUILD)/libztp_policy.a \
            $(if $(wildcard bridge/main.c),$(BUILD)/ztp-bridge) \
            $(TOOLS_BUILT) \
            $(if $(GATE_SRC),$(BUILD)/mosquitto_ztp_gate.so)

Q = $(if $(V),,@)
say = $(if $(V),,@printf '  %-6s %s\n' '$(1)' '$(patsubst $(BUILD)/%,%,$@)')

.DELETE_ON_ERROR:
.PHONY: all deps kafka demo test check unit local e2e lint format bench fuzz \
        fault sanitize install uninstall clean
all: $(BINARIES)

# --- objects: one flavour for use, one under ASan and UBSan for the tests
$(BUILD)/o/%.o: %.c
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(BASE) $(CPPFLAGS) $(CFLAGS) -DZTP_VERSION='"$(VERSION)"' -c -o $@ $<

$(BUILD)/san/%.o: %.c
	$(call say,CC/san)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(BASE) $(SAN) -DZTP_VERSION='"$(VERSION)"' -c -o $@ $<

$(BUILD)/libztp_policy.a: $(call obj,o,$(POLICY_SRC))
	$(call say,AR)
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/san/libztp_policy.a: $(call obj,san,$(POLICY_SRC))
	$(call say,AR/san)
	$(Q)rm -f $@ && ar rcs $@ $^

# What is impure and wanted by more than one part: linked, not installed.
$(BUILD)/o/libztp_base.a: $(call obj,o,$(BASE_SRC))
	$(call say,AR)
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/san/libztp_base.a: $(call obj,san,$(BASE_SRC))
	$(call say,AR/san)
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/ztp-bridge: $(call obj,o,$(BRIDGE_SRC)) $(LIBS_O)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(BRIDGE_LIBS)

$(BUILD)/mosquitto_ztp_gate.so: $(call obj,o,$(GATE_SRC)) $(LIBS_O)
	$(call say,LINK)
	$(Q)$(CC) -shared $(CFLAGS) $(LDFLAGS) -o $@ $^ $(GATE_LIBS)

define tool_rule
$(call tool_bin,$(1)): $(call obj,o,$(call src,tools/$(1)) $(COMMON_SRC)) $(LIBS_O)
	$$(call say,LINK)
	$$(Q)$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $(MQTT_$(1)) $(TOOL_LIBS)
endef
$(foreach t,$(TOOLS),$(eval $(call tool_rule,$(t))))

# --- unit tests: tests/unit/test_<part>_*.c against that part's objects. Static
# rules: of implicit ones make would choose by what is built already.
UNIT_BINS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(filter tests/unit/test_%,$(UNIT_SRC)))
UNIT_OF_PARTS := $(BUILD)/unit/test_base_% $(BUILD)/unit/test_bridge_% $(BUILD)/unit/test_gate_% $(BUILD)/unit/test_tools_%
UNIT_HELP := $(call obj,san,$(filter-out tests/unit/test_%,$(UNIT_SRC)))
SAN_BRIDGE := $(call obj,san,$(filter-out bridge/main.c,$(BRIDGE_SRC)))
SAN_GATE := $(call obj,san,$(GATE_SRC))
SAN_COMMON := $(call obj,san,$(COMMON_SRC))

$(filter $(BUILD)/unit/test_base_%,$(UNIT_BINS)): $(BUILD)/unit/%: $(BUILD)/san/tests/unit/%.o $(UNIT_HELP) $(LIBS_SAN)
	$(call say,LINK)
	$(Q)mkdir -p $(@D) && $(CC) $(SAN) -o $@ $^ $(BASE_LIBS) -lcmocka

$(filter $(BUILD)/unit/test_bridge_%,$(UNIT_BINS)): $(BUILD)/unit/%: $(BUILD)/san/tests/unit/%.o $(UNIT_HELP) $(SAN_BRIDGE) $(LIBS_SAN)
	$(call say,LINK)
	$(Q)mkdir -p $(@D) && $(CC) $(SAN) -o $@ $^ $(BRIDGE_LIBS) -lcmocka

$(filter $(BUILD)/unit/test_gate_%,$(UNIT_BINS)): $(BUILD)/unit/%: $(BUILD)/san/tests/unit/%.o $(UNIT_HELP) $(SAN_GATE) $(LIBS_SAN)
	$(call say,LINK)
	$(Q)mkdir -p $(@D) && $(CC) $(SAN) -o $@ $^ $(GATE_LIBS) -lcmocka

$(filter $(BUILD)/unit/test_tools_%,$(UNIT_BINS)): $(BUILD)/unit/%: $(BUILD)/san/tests/unit/%.o $(UNIT_HELP) $(SAN_COMMON) $(LIBS_SAN)
	$(call say,LINK)
	$(Q)mkdir -p $(@D) && $(CC) $(SAN) -o $@ $^ $(TOOL_LIBS) -lcmocka

$(filter-out $(UNIT_OF_PARTS),$(UNIT_BINS)): $(BUILD)/unit/%: $(BUILD)/san/tests/unit/%.o $(UNIT_HELP) $(LIBS_SAN)
	$(call say,LINK)
	$(Q)mkdir -p $(@D) && $(CC) $(SAN) -o $@ $^ $(POLICY_LIBS) -lcmocka

.SECONDARY:

unit: $(UNIT_BINS)
	$(Q)scripts/run-units $(UNIT_BINS)

include $(wildcard scripts/*.mk)

deps:
	$(Q)scripts/deps

clean:
	rm -rf $(BUILD)

-include $(patsubst %.o,%.d,$(call obj,o,$(POLICY_SRC) $(BASE_SRC) $(BRIDGE_SRC) $(GATE_SRC) $(COMMON_SRC) $(foreach t,$(TOOLS),$(call src,tools/$(t)))))
-include $(patsubst %.o,%.d,$(call obj,san,$(POLICY_SRC) $(BASE_SRC) $(BRIDGE_SRC) $(GATE_SRC) $(COMMON_SRC) $(UNIT_SRC)))
