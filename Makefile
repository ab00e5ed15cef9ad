# ztp-bridge: plain make, built out of the tree into $(BUILD).
#   make            builds everything that gets installed
#   make V=1        shows the commands
#   make WERROR=1   makes every warning an error, as continuous integration does
# The *.c files of each folder are one part; a new file needs no line here.

BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
CC      ?= cc
CFLAGS  ?= -O2 -g
KAFKA   ?= embedded
PYTHON  ?= /usr/bin/python3
PYTEST  ?= $(PYTHON) -m pytest -p no:cacheprovider

# For what a target builds before it does its work: all processors, unless make
# was told how many.
JOBS = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

VERSION := $(shell scripts/version)

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
        -Wpointer-arith -Wwrite-strings -Wformat=2 -Wvla \
        $(if $(filter 1,$(WERROR)),-Werror)
# Off without optimisation, which it needs, under sanitizers, whose checks it
# would hide, and if the user or dpkg has chosen a level.
FORTIFY := $(if $(filter-out -O0,$(lastword $(filter -O%,$(CFLAGS)))),$(if \
             $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS))$(findstring \
             -fsanitize,$(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3))
# Asks for 64-bit offsets only if they are not the C library's default. Where
# they are, the request would rename the calls that tests interpose.
LFS  := $(shell getconf LFS_CFLAGS)
BASE := -std=c11 -D_GNU_SOURCE $(LFS) -Iinclude -I. $(WARN) \
        -fstack-protector-strong -fPIC -MMD -MP
SANITIZERS ?= address,undefined
SAN  := -fsanitize=$(SANITIZERS) -fno-sanitize-recover=all \
        -fno-omit-frame-pointer -O1 -g

COMPILE = $(CC) $(BASE) $(FORTIFY) $(CPPFLAGS) $(CFLAGS) -DZTP_VERSION='"$(VERSION)"' -c
COMPILE_SAN = $(CC) $(BASE) $(CPPFLAGS) $(CFLAGS) $(SAN) -DZTP_VERSION='"$(VERSION)"' -c
LINK     = $(CC) $(CFLAGS) -Wl,-z,relro -Wl,-z,now $(LDFLAGS)
LINK_SAN = $(CC) $(CFLAGS) $(SAN) $(LDFLAGS)

POLICY_LIBS := -lcrypto
# The libraries each part of the bridge links besides the parts below it.
LIBS_config := -lyaml -lrdkafka
LIBS_journal := -lz
LIBS_store  := -lsqlite3
LIBS_mqtt   := -lpaho-mqtt3as -lmosquitto -lssl
LIBS_kafka  := -lrdkafka
LIBS_registrar := -lcjson
LIBS_http   := -lmicrohttpd -lcjson
TOOL_LIBS   := -lrdkafka -lyaml -lcjson -lssl $(POLICY_LIBS) -lpthread
MQTT_ztpctl := -lpaho-mqtt3as
MQTT_device := -lpaho-mqtt3cs # the blocking client is enough for a device
# Parts that only one tool has, and what they link.
OF_approver = $(SERVE_SRC)
SERVE_LIBS  := -lmicrohttpd -lgnutls
MQTT_approver := $(SERVE_LIBS)
BASE_LIBS   := -lsqlite3 -lyaml -lcjson $(POLICY_LIBS)
GATE_LIBS   := -lsqlite3 -lcjson $(POLICY_LIBS) -lpthread

# A part is linked with the parts below it, base/ with policy/.
LIBS_O   = $(BUILD)/o/libztp_base.a $(BUILD)/libztp_policy.a
LIBS_SAN = $(BUILD)/san/libztp_base.a $(BUILD)/san/libztp_policy.a

# The parts of the bridge, top first. Each is a library that knows only those
# after it. `from` is a part and those after it: a test of the part links no
# other.
BRIDGE_PARTS := group loop http life registrar move standby ledger kafka mqtt store journal core config
from = $(if $(filter $(1),$(firstword $(2))),$(2),$(call from,$(1),$(wordlist 2,99,$(2))))
bridge_o    = $(patsubst %,$(BUILD)/o/libztp_bridge_%.a,$(call from,$(1),$(BRIDGE_PARTS))) $(LIBS_O)
bridge_san  = $(patsubst %,$(BUILD)/san/libztp_bridge_%.a,$(call from,$(1),$(BRIDGE_PARTS))) $(LIBS_SAN)
bridge_libs = $(foreach p,$(call from,$(1),$(BRIDGE_PARTS)),$(LIBS_$(p))) $(POLICY_LIBS) -lpthread
BRIDGE_LIBS := $(call bridge_libs,group)

src = $(sort $(wildcard $(1)/*.c))
obj = $(patsubst %.c,$(BUILD)/$(1)/%.o,$(2))

POLICY_SRC := $(call src,policy)
BASE_SRC   := $(call src,base)
BRIDGE_SRC := $(call src,bridge) $(foreach p,$(BRIDGE_PARTS),$(call src,bridge/$(p)))
GATE_SRC   := $(call src,gate)
COMMON_SRC := $(call src,tools/common)
SERVE_SRC  := $(call src,tools/serve)
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
# Programs that only tests and measurements start are in `helpers`, not in
# `all`.
.PHONY: all helpers deps kafka demo test check unit unit-run local e2e lint format bench fuzz \
        fault sanitize install uninstall clean FORCE
all: $(BINARIES)

# --- objects: one flavour for use, one with ASan and UBSan for the tests
$(BUILD)/o/%.o: %.c
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(COMPILE) -o $@ $<

$(BUILD)/san/%.o: %.c
	$(call say,CC/san)
	$(Q)mkdir -p $(@D)
	$(Q)$(COMPILE_SAN) -o $@ $<

# Objects that name the version are compiled again when it changes, so that no
# program has two.
VERSION_FILE := $(BUILD)/version
VERSIONED := $(shell grep -rlw --include='*.c' ZTP_VERSION bridge gate tools tests/unit)

$(call obj,o,$(VERSIONED)) $(call obj,san,$(VERSIONED)): $(VERSION_FILE)

$(VERSION_FILE): FORCE
	$(Q)mkdir -p $(@D)
	$(Q)echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' >$@

$(BUILD)/libztp_policy.a: $(call obj,o,$(POLICY_SRC))
	$(call say,AR)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/san/libztp_policy.a: $(call obj,san,$(POLICY_SRC))
	$(call say,AR/san)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# Impure code shared by several parts: linked, not installed.
$(BUILD)/o/libztp_base.a: $(call obj,o,$(BASE_SRC))
	$(call say,AR)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/san/libztp_base.a: $(call obj,san,$(BASE_SRC))
	$(call say,AR/san)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

define bridge_part
$(BUILD)/o/libztp_bridge_$(1).a: $(call obj,o,$(call src,bridge/$(1)))
	$$(call say,AR)
	$$(Q)rm -f $$@ && $$(AR) rcs $$@ $$^

$(BUILD)/san/libztp_bridge_$(1).a: $(call obj,san,$(call src,bridge/$(1)))
	$$(call say,AR/san)
	$$(Q)rm -f $$@ && $$(AR) rcs $$@ $$^
endef
$(foreach p,$(BRIDGE_PARTS),$(eval $(call bridge_part,$(p))))

$(BUILD)/ztp-bridge: $(call obj,o,$(call src,bridge)) $(call bridge_o,group)
	$(call say,LINK)
	$(Q)$(LINK) -pie -o $@ $^ $(BRIDGE_LIBS) $(LDLIBS)

$(BUILD)/mosquitto_ztp_gate.so: $(call obj,o,$(GATE_SRC)) $(LIBS_O) gate/exports.map
	$(call say,LINK)
	$(Q)$(LINK) -shared -Wl,--version-script=gate/exports.map -o $@ \
		$(filter-out %.map,$^) $(GATE_LIBS) $(LDLIBS)

define tool_rule
$(call tool_bin,$(1)): $(call obj,o,$(call src,tools/$(1)) $(OF_$(1)) $(COMMON_SRC)) $(LIBS_O)
	$$(call say,LINK)
	$$(Q)$$(LINK) -pie -o $$@ $$^ $(MQTT_$(1)) $(TOOL_LIBS) $$(LDLIBS)
endef
$(foreach t,$(TOOLS),$(eval $(call tool_rule,$(t))))

# --- unit tests: tests/unit/test_<part>_*.c against that part's objects. The
# rules are static, because among implicit ones make chooses by what is already
# built.
UNIT_BINS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(filter tests/unit/test_%,$(UNIT_SRC)))
UNIT_OF_PARTS := $(BUILD)/unit/test_base_% $(BUILD)/unit/test_bridge_% $(BUILD)/unit/test_gate_% $(BUILD)/unit/test_tools_% $(BUILD)/unit/test_serve_%
# Code shared by tests. life_* and gate_* fake what life/ and the gate call
# outside of themselves, so only their own tests link them.
unit_help = $(call obj,san,$(filter tests/unit/$(1)_%,$(UNIT_SRC)))
UNIT_HELP_life := $(call unit_help,life)
UNIT_HELP_gate := $(call unit_help,gate)
UNIT_HELP := $(filter-out $(UNIT_HELP_life) $(UNIT_HELP_gate) $(call unit_help,test),$(call obj,san,$(UNIT_SRC)))
SAN_GATE := $(call obj,san,$(GATE_SRC))
SAN_COMMON := $(call obj,san,$(COMMON_SRC))
SAN_SERVE := $(call obj,san,$(SERVE_SRC))

$(filter $(BUILD)/unit/test_base_%,$(UNIT_BINS)): $(BUILD)/unit/%: $(BUILD)/san/tests/unit/%.o $(UNIT_HELP) $(LIBS_SAN)
	$(call say,LINK)
	$(Q)mkdir -p $(@D) && $(LINK_SAN) -o $@ $^ $(BASE_LIBS) -lcmocka $(LDLIBS)

# test_bridge_<part>*: linked with that part and those below it.
define bridge_unit
$(filter $(BUILD)/unit/test_bridge_$(1) $(BUILD)/unit/test_bridge_$(1)_%,$(UNIT_BINS)): $(BUILD)/unit/%: $(BUILD)/san/tests/unit/%.o $(UNIT_HELP) $(UNIT_HELP_$(1)) $(call bridge_san,$(1))
	$$(call say,LINK)
	$$(Q)mkdir -p $$(@D) && $$(LINK_SAN) -o $$@ $$^ $(call bridge_libs,$(1)) -lcmocka $$(LDLIBS)
endef
$(foreach p,$(BRIDGE_PARTS),$(eval $(call bridge_unit,$(p))))

$(BUILD)/unit/test_bridge_mqtt_link: LDFLAGS += -Wl,--wrap=MQTTAsync_createWithOptions
$(BUILD)/unit/test_bridge_mqtt_names: LDFLAGS += -Wl,--wrap=freeaddrinfo

$(BUILD)/unit/test_bridge_cli: $(BUILD)/unit/%: $(BUILD)/san/tests/unit/%.o $(BUILD)/san/bridge/cli.o $(UNIT_HELP) $(call bridge_san,config)
	$(call say,LINK)
	$(Q)mkdir -p $(@D) && $(LINK_SAN) -o $@ $^ $(call bridge_libs,config) -lcmocka $(LDLIBS)

$(addprefix $(BUILD)/unit/,test_gate_busy test_bridge_ledger_copy test_bridge_ledger_unfit test_bridge_standby_opening): LDFLAGS += -Wl,--wrap=ztp_clock_boot
$(BUILD)/unit/test_gate_sweep: LDFLAGS += -Wl,--wrap=ztp_writer_commit
$(BUILD)/unit/test_gate_turns: LDFLAGS += -Wl,--wrap=ztp_clock_thread_us
$(BUILD)/unit/test_bridge_standby_hand_over: LDFLAGS += -Wl,--wrap=rd_kafka_new
$(BUILD)/unit/test_serve_feed: LDFLAGS += -Wl,--wrap=pthread_cond_wait -Wl,--wrap=ztp_clock_boot
$(BUILD)/unit/test_serve_world: LDFLAGS += $(foreach f,new take caught_up is_away is_missing is_stuck stop has_ended free,-Wl,--wrap=feed_$(f))
$(filter $(BUILD)/unit/test_gate_%,$(UNIT_BINS)): $(BUILD)/unit/%: $(BUILD)/san/tests/unit/%.o $(UNIT_HELP) $(UNIT_HELP_gate) $(SAN_GATE) $(LIBS_SAN)
	$(call say,LINK)
	$(Q)mkdir -p $(@D) && $(LINK_SAN) -o $@ $^ $(GATE_LIBS) -lcmocka $(LDLIBS)

$(filter $(BUILD)/unit/test_tools_%,$(UNIT_BINS)): $(BUILD)/unit/%: $(BUILD)/san/tests/unit/%.o $(UNIT_HELP) $(SAN_COMMON) $(LIBS_SAN)
	$(call say,LINK)
	$(Q)mkdir -p $(@D) && $(LINK_SAN) -o $@ $^ $(TOOL_LIBS) -lcmocka $(LDLIBS)

$(filter $(BUILD)/unit/test_serve_%,$(UNIT_BINS)): $(BUILD)/unit/%: $(BUILD)/san/tests/unit/%.o $(UNIT_HELP) $(SAN_SERVE) $(SAN_COMMON) $(LIBS_SAN)
	$(call say,LINK)
	$(Q)mkdir -p $(@D) && $(LINK_SAN) -o $@ $^ $(SERVE_LIBS) $(TOOL_LIBS) -lcmocka $(LDLIBS)

$(filter-out $(UNIT_OF_PARTS),$(UNIT_BINS)): $(BUILD)/unit/%: $(BUILD)/san/tests/unit/%.o $(UNIT_HELP) $(LIBS_SAN)
	$(call say,LINK)
	$(Q)mkdir -p $(@D) && $(LINK_SAN) -o $@ $^ $(POLICY_LIBS) -lcjson -lcmocka $(LDLIBS)

.SECONDARY:

unit:
	$(Q)scripts/deps build unit
	$(Q)+$(MAKE) $(JOBS) --no-print-directory unit-run

unit-run: $(UNIT_BINS)
	$(Q)scripts/run-units $(UNIT_BINS)

include $(wildcard scripts/*.mk)

deps:
	$(Q)scripts/deps

clean:
	rm -rf $(BUILD)

-include $(patsubst %.o,%.d,$(call obj,o,$(POLICY_SRC) $(BASE_SRC) $(BRIDGE_SRC) $(GATE_SRC) $(COMMON_SRC) $(SERVE_SRC) $(foreach t,$(TOOLS),$(call src,tools/$(t)))))
-include $(patsubst %.o,%.d,$(call obj,san,$(POLICY_SRC) $(BASE_SRC) $(BRIDGE_SRC) $(GATE_SRC) $(COMMON_SRC) $(SERVE_SRC) $(UNIT_SRC)))
