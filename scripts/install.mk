# make install PREFIX=/usr DESTDIR=/tmp/stage installs what has been built where
# a packager expects it. uninstall removes the same files and nothing else.

UNITDIR   ?= $(PREFIX)/lib/systemd/system
PLUGINDIR ?= $(PREFIX)/lib/ztp

bindir = $(DESTDIR)$(PREFIX)/bin
libdir = $(DESTDIR)$(PREFIX)/lib
incdir = $(DESTDIR)$(PREFIX)/include/ztp
mandir = $(DESTDIR)$(PREFIX)/share/man
docdir = $(DESTDIR)$(PREFIX)/share/doc/ztp-bridge
unitdir = $(DESTDIR)$(UNITDIR)
plugindir = $(DESTDIR)$(PLUGINDIR)
compdir = $(DESTDIR)$(PREFIX)/share/bash-completion/completions

INSTALL_BINS = $(filter-out %.a %.so,$(BINARIES))
INSTALL_LIBS = $(filter %.a,$(BINARIES))
INSTALL_GATE = $(filter %.so,$(BINARIES))
INSTALL_MAN  = $(wildcard docs/*.[1-8] docs/man/*.[1-8])
INSTALL_DOC  = $(wildcard README.md LICENSE SECURITY.md CHANGELOG.md docs/*.md docs/approver-page.png docs/asyncapi.yaml docs/*.yaml docs/openapi.json)
INSTALL_SCHEMAS = $(wildcard docs/schemas/*.json)
INSTALL_TRIALS = $(wildcard docs/trials/*.md)
INSTALL_PICTURES = $(wildcard docs/benchmarks/*.svg)
INSTALL_UNIT = $(wildcard packaging/ztp-bridge.service)
INSTALL_MONITORING = $(wildcard docs/monitoring/*)
# The sources, without anything that was built among them.
INSTALL_EXAMPLES = $(sort $(shell find examples -type f -not -path '*/node_modules/*' -not -path '*/target/*' \
                     -not -path '*/__pycache__/*' -not -path examples/go/approver -not -name ztp-mochi))
# ztp-device, as an example for authors of firmware: to be read, not built.
INSTALL_DEVICE = $(wildcard tools/device/*.[ch])
INSTALL_GATE_EXAMPLES = $(wildcard gate/*.example)
COMPLETED = ztp-bridge ztp-approver ztp-device ztp-devkafka ztpctl

put = install -d '$(2)' && install -m $(1) $(3) '$(2)'
# Installs a text with the paths of this installation.
place = sed -e 's,/usr/local/lib/ztp/,$(PLUGINDIR)/,g' \
	-e 's,/usr/local/,$(PREFIX)/,g' $(1) | install -D -m 644 /dev/stdin $(2)

# The installed programs, without those of the tests.
.PHONY: programs
programs: $(INSTALL_BINS) $(INSTALL_LIBS) $(INSTALL_GATE)

install: programs
	$(Q)$(call put,755,$(bindir),$(INSTALL_BINS))
	$(Q)$(call put,644,$(libdir),$(INSTALL_LIBS))
	$(Q)$(call put,644,$(incdir),$(wildcard include/ztp/*.h))
	$(Q)$(if $(INSTALL_GATE),$(call put,644,$(plugindir),$(INSTALL_GATE)),:)
	$(Q)$(if $(INSTALL_DOC),$(call put,644,$(docdir),$(sort $(INSTALL_DOC))),:)
	$(Q)$(if $(INSTALL_SCHEMAS),$(call put,644,$(docdir)/schemas,$(INSTALL_SCHEMAS)),:)
	$(Q)$(if $(INSTALL_TRIALS),$(call put,644,$(docdir)/trials,$(INSTALL_TRIALS)),:)
	$(Q)$(if $(INSTALL_PICTURES),$(call put,644,$(docdir)/benchmarks,$(INSTALL_PICTURES)),:)
	$(Q)$(call put,644,$(docdir)/monitoring,$(INSTALL_MONITORING))
	$(Q)$(call put,644,$(docdir),packaging/ztp-bridge.yaml)
	$(Q)set -e; for file in $(INSTALL_GATE_EXAMPLES); do \
		$(call place,"$$file",'$(docdir)/gate'/"$${file##*/}"); \
	done
	$(Q)set -e; for file in $(INSTALL_EXAMPLES); do \
		mode=644; if [ -x "$$file" ]; then mode=755; fi; \
		install -D -m $$mode "$$file" '$(docdir)'/"$$file"; \
	done
	$(Q)$(call put,644,$(docdir)/examples/ztp-device,$(INSTALL_DEVICE))
	$(Q)install -D -m 644 packaging/ztp-bridge.sysusers '$(libdir)/sysusers.d/ztp-bridge.conf'
	$(Q)install -D -m 644 packaging/ztp-bridge.tmpfiles '$(libdir)/tmpfiles.d/ztp-bridge.conf'
	$(Q)set -e; for name in $(COMPLETED); do \
		install -D -m 644 packaging/bash-completion/ztp-bridge \
			'$(compdir)'/"$$name"; \
	done
	$(Q)set -e; for page in $(INSTALL_MAN); do \
		$(call place,"$$page",'$(mandir)'/"man$${page##*.}/$${page##*/}"); \
	done
	$(Q)set -e; for service in $(INSTALL_UNIT); do \
		$(call place,"$$service",'$(unitdir)/ztp-bridge.service'); \
	done

uninstall:
	$(Q)rm -f $(addprefix $(bindir)/,$(notdir $(INSTALL_BINS))) \
		$(addprefix $(libdir)/,$(notdir $(INSTALL_LIBS))) \
		$(plugindir)/mosquitto_ztp_gate.so \
		$(addprefix $(incdir)/,$(notdir $(wildcard include/ztp/*.h))) \
		$(foreach page,$(INSTALL_MAN),$(mandir)/man$(subst .,,$(suffix $(page)))/$(notdir $(page))) \
		$(unitdir)/ztp-bridge.service \
		$(libdir)/sysusers.d/ztp-bridge.conf \
		$(libdir)/tmpfiles.d/ztp-bridge.conf \
		$(addprefix $(compdir)/,$(COMPLETED))
	$(Q)rm -rf $(docdir)
	$(Q)rmdir $(incdir) $(plugindir) 2>/dev/null || :
