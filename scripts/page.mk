# The page to look at, which bridge/http/page.c has the assembler take in; gcc does
# not tell make.
$(BUILD)/o/bridge/http/page.o $(BUILD)/san/bridge/http/page.o: $(wildcard bridge/http/page/*)

# docs/page.png and docs/page-dark.png: its picture, after five minutes' work.
.PHONY: screenshot
screenshot:
	$(Q)scripts/deps build demo page
	$(Q)+$(MAKE) --no-print-directory all
	$(Q)$(RUN_ENV) $(PYTHON) scripts/screenshot
