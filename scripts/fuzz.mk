# Fuzzing of every parser of foreign input. `make fuzz FUZZ_TIME=600` runs
# clang's libFuzzer, target by target, and leaves its findings in
# $(BUILD)/fuzz/found; `make fuzz FUZZ=cert` runs one target. `make fuzz-smoke`
# needs no clang: it runs the same functions over the seeds and a few thousand
# mutations of them, for a few seconds in all.

FUZZ_TIME  ?= 60
FUZZ_CC    ?= clang
FUZZ_SMOKE ?= 400
FUZZ_ALL   := $(patsubst tests/fuzz/fuzz_%.c,%,$(filter tests/fuzz/fuzz_%,$(FUZZ_SRC)))
FUZZ       ?= $(FUZZ_ALL)
FUZZ_DIR   := $(BUILD)/fuzz
# All targets share one list of objects; fuzz_gate.c also links the gate.
FUZZ_PARTS := tests/unit/certs.c tests/unit/certs_der.c tests/unit/cert_oracle.c \
              base/json_tree.c base/yaml.c bridge/journal/journal_entry.c
FUZZ_LIBS  := $(BASE_LIBS) -lcmocka
FUZZ_GATE  := tests/unit/gate_broker.c tests/unit/gate_fixture.c $(GATE_SRC) $(BASE_SRC)

$(FUZZ_DIR)/gate: $(patsubst %.c,$(FUZZ_DIR)/o/%.o,$(FUZZ_GATE))
$(FUZZ_DIR)/replay-gate: $(patsubst %.c,$(BUILD)/san/%.o,$(FUZZ_GATE))

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
		$(FUZZ_LIBS) $(LDLIBS)

# --- without it: the objects of the unit tests
$(FUZZ_ALL:%=$(FUZZ_DIR)/replay-%): $(FUZZ_DIR)/replay-%: $(BUILD)/san/tests/fuzz/fuzz_%.o \
		$(patsubst %.c,$(BUILD)/san/%.o,tests/fuzz/replay.c $(FUZZ_PARTS)) \
		$(BUILD)/san/libztp_policy.a
	$(call say,LINK)
	$(Q)mkdir -p $(@D) && $(LINK_SAN) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(FUZZ_LIBS) $(LDLIBS)

$(FUZZ_DIR)/make-seeds: $(patsubst %.c,$(BUILD)/san/%.o,tests/fuzz/seeds.c $(FUZZ_PARTS)) \
		$(BUILD)/san/libztp_policy.a
	$(call say,LINK)
	$(Q)mkdir -p $(@D) && $(LINK_SAN) -o $@ $^ $(FUZZ_LIBS) $(LDLIBS)

$(FUZZ_DIR)/seeds/made: $(FUZZ_DIR)/make-seeds
	$(Q)rm -rf $(@D) && $< $(@D) && touch $@

fuzz:
	$(Q)scripts/deps build unit test fuzz
	$(Q)+$(MAKE) --no-print-directory fuzz-run

fuzz-run: $(FUZZ:%=$(FUZZ_DIR)/%) $(FUZZ_DIR)/seeds/made
	$(Q)mkdir -p $(FUZZ_DIR)/found
	$(Q)for target in $(FUZZ); do \
		mkdir -p $(FUZZ_DIR)/corpus/$$target; \
		$(FUZZ_DIR)/$$target -max_total_time=$(FUZZ_TIME) -timeout=10 \
			-rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 \
			-dict=tests/fuzz/words.dict -use_value_profile=1 \
			-artifact_prefix=$(FUZZ_DIR)/found/$$target- \
			$(FUZZ_DIR)/corpus/$$target $(FUZZ_DIR)/seeds/$$target \
			>$(FUZZ_DIR)/$$target.log 2>&1 || \
			{ cat $(FUZZ_DIR)/$$target.log; exit 1; }; \
		printf '  ok     fuzz_%s: %s inputs\n' "$$target" \
			$$(sed -n 's/^stat::number_of_executed_units: //p' \
			$(FUZZ_DIR)/$$target.log); \
	done

fuzz-smoke: $(FUZZ_ALL:%=$(FUZZ_DIR)/replay-%) $(FUZZ_DIR)/seeds/made
	$(Q)set -e; for target in $(FUZZ_ALL); do \
		$(FUZZ_DIR)/replay-$$target -n $(FUZZ_SMOKE) \
			$(FUZZ_DIR)/seeds/$$target/*; \
		printf '  ok     fuzz_%s\n' "$$target"; \
	done

.PHONY: fuzz-run fuzz-smoke

-include $(patsubst %.c,$(FUZZ_DIR)/o/%.d,$(FUZZ_SRC) $(FUZZ_PARTS) $(FUZZ_GATE) $(POLICY_SRC))
-include $(patsubst %.c,$(BUILD)/san/%.d,$(FUZZ_SRC))
