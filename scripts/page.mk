# The pages are embedded with the assembler, so gcc does not list their files as
# dependencies.
PAGES := bridge/http/page tools/approver/serve_page
$(PAGES:%=$(BUILD)/o/%.o) $(PAGES:%=$(BUILD)/san/%.o): $(wildcard base/page/*)
$(BUILD)/o/bridge/http/page.o $(BUILD)/san/bridge/http/page.o: $(wildcard bridge/http/page/*)
$(BUILD)/o/tools/approver/serve_page.o $(BUILD)/san/tools/approver/serve_page.o: $(wildcard tools/approver/page/*)

# docs/page.png and docs/page-dark.png: screenshots of the bridge's after five
# minutes' work; docs/approver-page.png: of the customer's.
.PHONY: screenshot
screenshot:
	$(Q)scripts/deps build demo page
	$(Q)+$(MAKE) $(JOBS) --no-print-directory all
	$(Q)$(RUN_ENV) $(PYTHON) scripts/screenshot
