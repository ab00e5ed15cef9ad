# For those who pass it on: `make dist`, a source tarball, and `make deb`,
# Debian's packages, which `make deb-test` installs into a system of its own,
# onboards a device with, and purges.

.PHONY: dist deb deb-test

dist:
	$(Q)scripts/dist $(BUILD)

deb:
	$(Q)scripts/deps build deb
	$(Q)scripts/deb $(BUILD)/deb

deb-test: deb
	$(Q)scripts/deps demo kafka test debtest
	$(Q)+$(MAKE) --no-print-directory all
	$(Q)$(RUN_ENV) $(PYTEST) $(PYTEST_ARGS) tests/packages
