# SPDX-License-Identifier: MIT
# The chip as a library: shared for QEMU and libaccel's emulator backend, static for tests.

# Products round before they are added unless the source says fma(): the numbers are normative.
CFLAGS_qemu-device += -Iqemu-device/core -ffp-contract=off -fno-math-errno -pthread

LIBAXONCORE := $(B)/libaxoncore.a
axoncore_objs := $(patsubst %.c,$(B)/%.o,$(wildcard qemu-device/core/*.c))
axoncore_map := qemu-device/core/axoncore.map

# The engines' inner loops.
$(filter $(addprefix $(B)/qemu-device/core/,matrix% vec% dma% block% convert%), \
	$(axoncore_objs)): CFLAGS += -O3

$(LIBAXONCORE): $(axoncore_objs)
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/libaxoncore.so: $(axoncore_objs) $(axoncore_map)
	$(CC) -shared -pthread -Wl,-soname,libaxoncore.so.0 -Wl,--version-script=$(axoncore_map) \
		-o $@ $(axoncore_objs) $(LDFLAGS) -lm
	ln -sf libaxoncore.so $(B)/libaxoncore.so.0

ALL += $(LIBAXONCORE) $(B)/libaxoncore.so

LIBS_axoncore := $(LIBAXONCORE) -pthread -lm
LIBS_test_cycles := $(B)/tests/unit/chip.o $(LIBS_axoncore)
LIBS_test_core := $(B)/tests/unit/chip.o $(LIBS_axoncore)
LIBS_test_core_faults := $(B)/tests/unit/chip.o $(LIBS_axoncore)
LIBS_test_core_inject := $(B)/tests/unit/chip.o $(LIBS_axoncore)
LIBS_test_sensor := $(B)/tests/unit/chip.o $(LIBS_axoncore)
LIBS_test_core_suspend := $(B)/tests/unit/chip.o $(LIBS_axoncore)
LIBS_test_core_user := $(B)/tests/unit/chip.o $(LIBS_axoncore)
LIBS_test_core_fuzz := $(B)/tests/unit/chip.o $(LIBS_axoncore)
LIBS_test_core_isolation := $(B)/tests/unit/chip.o $(LIBS_axoncore)
LIBS_test_matrix := $(B)/tests/unit/matrix_world.o $(LIBS_axoncore)
LIBS_test_matrix_desc := $(B)/tests/unit/matrix_world.o $(LIBS_axoncore)
LIBS_test_vector := $(LIBS_axoncore)
LIBS_test_vector_rows := $(LIBS_axoncore)
LIBS_test_vector_memory := $(LIBS_axoncore)
LIBS_test_vector_checks := $(LIBS_axoncore)
LIBS_test_dma := $(LIBS_axoncore)
LIBS_test_block := $(LIBS_axoncore)
LIBS_test_engine_fuzz := $(LIBS_axoncore)
LIBS_test_hostile_desc := $(LIBS_axoncore)
