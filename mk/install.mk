# SPDX-License-Identifier: MIT
# make install: the library and its emulator, the tools, axon-cc with what it compiles against,
# man pages, the udev rule. DESTDIR and PREFIX as everywhere.

PREFIX ?= /usr/local
INCLUDEDIR := $(PREFIX)/include/axon
LIBDIR := $(PREFIX)/lib

.PHONY: install
install: all ## install the library and the tools: PREFIX=/usr/local DESTDIR=
	install -d $(addprefix $(DESTDIR),$(PREFIX)/bin $(INCLUDEDIR) $(LIBDIR)/pkgconfig \
		$(LIBDIR)/axon/emu $(LIBDIR)/axon/tools $(LIBDIR)/udev/rules.d)
	install -m 755 $(B)/libaccel.so.1 $(DESTDIR)$(LIBDIR)/
	ln -sf libaccel.so.1 $(DESTDIR)$(LIBDIR)/libaccel.so
	install -m 755 $(B)/emu/libaccel.so.1 $(DESTDIR)$(LIBDIR)/axon/emu/
	install -m 644 libaccel/accel.h uapi/axon_*.h $(DESTDIR)$(INCLUDEDIR)/
	sed -e 's|@prefix@|$(PREFIX)|' -e 's|@libdir@|$(LIBDIR)|' -e 's|@includedir@|$(INCLUDEDIR)|' \
		-e 's|@version@|$(VERSION)|' -e 's|@cflags@|-I$${includedir}|' libaccel/accel.pc.in \
		>$(DESTDIR)$(LIBDIR)/pkgconfig/accel.pc
	set -e; for tool in $(filter $(B)/accel-%,$(ALL)); do \
		install -m 755 $$tool $(DESTDIR)$(PREFIX)/bin/; done
	install -m 755 tools/axon-cc $(DESTDIR)$(LIBDIR)/axon/tools/
	ln -sf ../lib/axon/tools/axon-cc $(DESTDIR)$(PREFIX)/bin/axon-cc
	set -e; for file in kernels/*.h kernels/kernel.ld $$(find kernels/lib kernels/include -type f) \
		uapi/axon_*.h; do install -D -m 644 $$file $(DESTDIR)$(LIBDIR)/axon/$$file; done
	set -e; for page in $$(find docs/man -name '*.[1-9]' 2>/dev/null); do \
		install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; done
	install -m 644 tools/60-axon.rules $(DESTDIR)$(LIBDIR)/udev/rules.d/
