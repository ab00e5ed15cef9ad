# The page to look at, which bridge/page.c has the assembler take in; gcc does
# not tell make.
$(BUILD)/o/bridge/page.o $(BUILD)/san/bridge/page.o: $(wildcard bridge/page/*)
