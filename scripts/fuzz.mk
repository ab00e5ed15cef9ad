# Fuzzing of every parser of foreign input. `make fuzz FUZZ_TIME=600` runs
# clang's libFuzzer for so many seconds with each target, FUZZ_JOBS of them at a
# time, and leaves its findings in $(BUILD)/fuzz/found; HOURS=1 runs each for an
# hour, and FUZZ=cert one target. `make fuzz-smoke` needs no clang: it runs the
# same functions over the seeds, what fuzzing has found before
# (tests/fuzz/found), and a few thousand mutations of them, for a few seconds in
# all.

FUZZ_TIME  ?= $(if $(HOURS),$(shell expr $(HOURS) \* 3600),60)
FUZZ_CC    ?= clang
FUZZ_JOBS  ?= $(shell nproc)
# Mutations of each seed; fewer where a run opens a database or a socket.
FUZZ_SMOKE ?= 400
FUZZ_SLOW_SMOKE ?= 15
FUZZ_SLOW  := rows gaterows http journal settings receive
FUZZ_ALL   := $(patsubst tests/fuzz/fuzz_%.c,%,$(filter tests/fuzz/fuzz_%,$(FUZZ_SRC)))
FUZZ       ?= $(FUZZ_ALL)
FUZZ_DIR   := $(BUILD)/fuzz
# All targets share one list of objects; some link more.
FUZZ_PARTS := tests/unit/certs.c tests/unit/certs_der.c tests/unit/cert_oracle.c \
              base/json_tree.c base/yaml.c bridge/journal/journal_entry.c \
              bridge/journal/journal_record.c bridge/store/state_row.c
FUZZ_LIBS  := $(BASE_LIBS) -lcmocka
FUZZ_BASE  := $(filter-out $(FUZZ_PARTS),$(BASE_SRC))
# Without what needs librdkafka.
FUZZ_PLAIN := $(filter-out base/kafka_assign.c base/kafka_close.c base/kafka_offsets.c,$(FUZZ_BASE))
FUZZ_GATE  := tests/unit/gate_broker.c tests/unit/gate_fixture.c $(GATE_SRC) \
              $(FUZZ_PLAIN)
FUZZ_SPOIL := tests/fuzz/spoil.c
FUZZ_BRIDGE := $(FUZZ_BASE) $(filter-out $(FUZZ_PARTS), \
              $(foreach p,$(BRIDGE_PARTS),$(call src,bridge/$(p))))
FUZZ_SERVE := $(FUZZ_BASE) $(COMMON_SRC) $(SERVE_SRC)
FUZZ_RULES := $(FUZZ_BASE) $(COMMON_SRC)

# fuzz_more(targets, sources, libraries): what these link besides.
define fuzz_more
$(1:%=$(FUZZ_DIR)/%): $(patsubst %.c,$(FUZZ_DIR)/o/%.o,$(2))
$(1:%=$(FUZZ_DIR)/replay-%): $(patsubst %.c,$(BUILD)/san/%.o,$(2))
$(foreach t,$(1),$(FUZZ_DIR)/$(t) $(FUZZ_DIR)/replay-$(t)): FUZZ_MORE_LIBS := $(3)
endef
$(eval $(call fuzz_more,gate options,$(FUZZ_GATE),))
$(eval $(call fuzz_more,gaterows,$(FUZZ_GATE) $(FUZZ_SPOIL),))
$(eval $(call fuzz_more,rules lists,$(FUZZ_RULES),$(TOOL_LIBS)))
$(eval $(call fuzz_more,serve,$(FUZZ_SERVE),$(SERVE_LIBS) $(TOOL_LIBS)))
$(eval $(call fuzz_more,broker,$(FUZZ_PLAIN),))
$(eval $(call fuzz_more,headers answer journal settings http receive,$(FUZZ_BRIDGE),$(BRIDGE_LIBS)))
$(eval $(call fuzz_more,rows,$(FUZZ_BRIDGE) $(FUZZ_SPOIL),$(BRIDGE_LIBS)))

# --- libFuzzer
$(FUZZ_DIR)/o/%.o: %.c
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(BASE) $(CPPFLAGS) $(CFLAGS) $(SAN) \
		-fsanitize=fuzzer-no-link -DZTP_VERSION='"$(VERSION)"' -c -o $@ $<

$(FUZZ_ALL:%=$(FUZZ_DIR)/%): $(FUZZ_DIR)/%: $(FUZZ_DIR)/o/tests/fuzz/fuzz_%.o \
		$(patsubst %.c,$(FUZZ_DIR)/o/%.o,$(FUZZ_PARTS) $(POLICY_SRC))
	$(call say,LINK)
	$(Q)$(FUZZ_CC) $(CFLAGS) $(SAN) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ \
		$(FUZZ_MORE_LIBS) $(FUZZ_LIBS) $(LDLIBS)

# --- without it: the objects of the unit tests
$(FUZZ_ALL:%=$(FUZZ_DIR)/replay-%): $(FUZZ_DIR)/replay-%: $(BUILD)/san/tests/fuzz/fuzz_%.o \
		$(patsubst %.c,$(BUILD)/san/%.o,tests/fuzz/replay.c $(FUZZ_PARTS)) \
		$(BUILD)/san/libztp_policy.a
	$(call say,LINK)
	$(Q)mkdir -p $(@D) && $(LINK_SAN) -o $@ $(filter %.o,$^) $(filter %.a,$^) \
		$(FUZZ_MORE_LIBS) $(FUZZ_LIBS) $(LDLIBS)

$(FUZZ_DIR)/make-seeds: $(patsubst %.c,$(BUILD)/san/%.o,tests/fuzz/seeds.c $(FUZZ_PARTS)) \
		$(BUILD)/san/libztp_policy.a
	$(call say,LINK)
	$(Q)mkdir -p $(@D) && $(LINK_SAN) -o $@ $^ $(FUZZ_LIBS) $(LDLIBS)

$(FUZZ_DIR)/seeds/made: $(FUZZ_DIR)/make-seeds
	$(Q)rm -rf $(@D) && $< $(@D) && touch $@

fuzz:
	$(Q)scripts/deps build unit test fuzz
	$(Q)+$(MAKE) $(JOBS) --no-print-directory fuzz-run

fuzz-run: $(FUZZ:%=$(FUZZ_DIR)/%) $(FUZZ_DIR)/seeds/made
	$(Q)printf '%s\n' $(FUZZ) | xargs -P $(FUZZ_JOBS) -n 1 \
		scripts/fuzz-one $(FUZZ_DIR) $(FUZZ_TIME)

FUZZ_SMOKE_NEEDS := $(FUZZ_ALL:%=$(FUZZ_DIR)/replay-%) $(FUZZ_DIR)/seeds/made
beside-built: $(FUZZ_SMOKE_NEEDS)

fuzz-smoke: $(FUZZ_SMOKE_NEEDS)
	$(Q)set -e; for target in $(FUZZ_ALL); do \
		count=$(FUZZ_SMOKE); \
		case ' $(FUZZ_SLOW) ' in *" $$target "*) count=$(FUZZ_SLOW_SMOKE); esac; \
		$(FUZZ_DIR)/replay-$$target -n $$count $(FUZZ_DIR)/seeds/$$target/* \
			$$(find tests/fuzz/found -name "$$target-*" 2>/dev/null); \
		printf '  ok     fuzz_%s\n' "$$target"; \
	done

.PHONY: fuzz-run fuzz-smoke

-include $(patsubst %.c,$(FUZZ_DIR)/o/%.d,$(FUZZ_SRC) $(FUZZ_PARTS) $(FUZZ_GATE) $(FUZZ_BRIDGE) $(FUZZ_RULES) $(FUZZ_SERVE) $(POLICY_SRC))
-include $(patsubst %.c,$(BUILD)/san/%.d,$(FUZZ_SRC))
