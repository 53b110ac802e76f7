# SPDX-License-Identifier: MIT
# The programs a user runs. They find build/libaccel.so.1 (installed: ../lib) by their RUNPATH, and
# with LD_LIBRARY_PATH=build/emu the library that has the chip inside.

CFLAGS_tools := -Iruntime -Ilibaccel -Ikernels
TOOLS := accel-run accel-train accel-smi accel-bench

TOOL_SOURCES_accel-run := tools/accel-run.c tools/trace.c $(wildcard tools/run_*.c)
TOOL_LIBS_accel-run := $(LIBS_axonrt)
TOOL_SOURCES_accel-train := tools/accel-train.c $(wildcard tools/train_*.c)
TOOL_LIBS_accel-train := $(LIBS_axonrt) $(LIBS_train)
TOOL_SOURCES_accel-smi := tools/accel-smi.c $(wildcard tools/smi_*.c tools/smi_*.S)
TOOL_LIBS_accel-smi := -ljson-c -lm
TOOL_SOURCES_accel-bench := tools/accel-bench.c $(wildcard tools/bench_*.c tools/bench_*.S)
TOOL_LIBS_accel-bench := $(LIBS_axonrt) -ljson-c

define tool
$(B)/$(1): $(patsubst %,$(B)/%.o,$(basename $(TOOL_SOURCES_$(1)))) $(LIBAXONRT) $(LIBACCEL)
	$$(CC) -o $$@ $$(filter %.o %.a,$$^) $$(LDFLAGS) -L$$(B) -laccel $(TOOL_LIBS_$(1)) \
		-Wl,--enable-new-dtags,-rpath,'$$$$ORIGIN:$$$$ORIGIN/../lib'
ALL += $(B)/$(1)
endef

$(foreach t,$(TOOLS),$(eval $(call tool,$(t))))
