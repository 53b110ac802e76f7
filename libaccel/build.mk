# SPDX-License-Identifier: MIT
# libaccel.so.1, twice: in $(B) for the kernel driver, in $(B)/emu with the chip inside. Programs
# link $(LIBACCEL) and run on either: LD_LIBRARY_PATH chooses.

CFLAGS_libaccel := -fvisibility=hidden -Iqemu-device/core -isystem /usr/include/libdrm

LIBACCEL := $(B)/libaccel.so
LIBACCEL_EMU := $(B)/emu/libaccel.so.1
LIBACCEL_OBJS := $(patsubst %.c,$(B)/%.o,$(filter-out libaccel/backend_drm.c,$(wildcard libaccel/*.c)))
LIBACCEL_EMU_OBJS := $(patsubst %.c,$(B)/%.o,$(wildcard libaccel/emu/*.c))
LIBACCEL_LINK = $(CC) $(LDFLAGS) -shared -Wl,-soname,libaccel.so.1 -Wl,--no-undefined \
	-Wl,--version-script=libaccel/libaccel.map

$(LIBACCEL).1: $(LIBACCEL_OBJS) $(B)/libaccel/backend_drm.o libaccel/libaccel.map
	$(LIBACCEL_LINK) -o $@ $(filter %.o,$^) -ldrm -ldw -lelf -lpthread

$(LIBACCEL): $(LIBACCEL).1
	ln -sf $(<F) $@

$(LIBACCEL_EMU): $(LIBACCEL_OBJS) $(LIBACCEL_EMU_OBJS) $(B)/libaxoncore.a libaccel/libaccel.map
	@mkdir -p $(@D)
	$(LIBACCEL_LINK) -o $@ $(filter %.o %.a,$^) -ldw -lelf -lm -lpthread

# For programs built against this tree; mk/install.mk makes one for a prefix.
$(B)/accel.pc: libaccel/accel.pc.in libaccel/build.mk VERSION
	@mkdir -p $(@D)
	sed -e 's|@prefix@|$(CURDIR)|' -e 's|@libdir@|$(abspath $(B))|' \
	    -e 's|@includedir@|$(CURDIR)/libaccel|' -e 's|@version@|$(VERSION)|' \
	    -e 's|@cflags@|-I$${includedir} -I$(CURDIR)/uapi|' $< > $@

ALL += $(LIBACCEL) $(LIBACCEL_EMU) $(B)/accel.pc

LIBS_test_elf_image := $(B)/libaccel/elf_image.o
LIBS_test_ranges := $(B)/libaccel/ranges.o
