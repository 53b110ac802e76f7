# SPDX-License-Identifier: MIT
# Tests of accel-smi and accel-bench with the chip in-process: test_X.py runs the programs, test_X.c
# is a cmocka program. X-broken is the tool X on a library that does not do its work.

TOOL_TESTS := $(B)/tests/emu/tools
TOOL_TEST_SCRIPTS := $(patsubst tests/emu/tools/%.py,$(TOOL_TESTS)/%,$(wildcard tests/emu/tools/test_*.py))

$(TOOL_TEST_SCRIPTS): $(TOOL_TESTS)/%: tests/emu/tools/%.py $(B)/accel-smi $(B)/accel-bench \
		$(TOOL_TESTS)/accel-bench-broken $(TOOL_TESTS)/accel-smi-broken $(B)/emu/libaccel.so.1
	@mkdir -p $(@D)
	install -m 755 $< $@

$(TOOL_TESTS)/accel-bench-broken: $(TOOL_TESTS)/broken.o \
		$(patsubst %,$(B)/%.o,$(basename $(TOOL_SOURCES_accel-bench))) $(LIBAXONRT) $(LIBACCEL)
	$(CC) -o $@ $(filter %.o %.a,$^) $(LDFLAGS) -L$(B) -laccel $(TOOL_LIBS_accel-bench) \
		-Wl,--wrap=accel_stream_launch,--wrap=accel_stream_copy

$(TOOL_TESTS)/accel-smi-broken: $(TOOL_TESTS)/broken.o \
		$(patsubst %,$(B)/%.o,$(basename $(TOOL_SOURCES_accel-smi))) $(LIBACCEL)
	$(CC) -o $@ $(filter %.o,$^) $(LDFLAGS) -L$(B) -laccel $(TOOL_LIBS_accel-smi) \
		-Wl,--wrap=accel_stream_launch,--wrap=accel_stream_copy

$(TOOL_TESTS)/test_smi_%.o: CFLAGS += -Itools -Ilibaccel
$(TOOL_TESTS)/test_smi_process: $(TOOL_TESTS)/test_smi_process.o $(B)/tools/smi_process.o $(B)/tools/smi_fdinfo.o
	$(CC) -o $@ $^ $(LDFLAGS) -lcmocka

$(TOOL_TESTS)/test_smi_health: $(TOOL_TESTS)/test_smi_health.o $(addprefix $(B)/tools/smi_,health.o event.o fdinfo.o \
		process.o sample.o system.o wrap.o) $(LIBACCEL)
	$(CC) -o $@ $(filter %.o,$^) $(LDFLAGS) -L$(B) -laccel -Wl,-rpath,'$$ORIGIN/../../..' -ljson-c -lcmocka

$(TOOL_TESTS)/test_smi_topo: $(TOOL_TESTS)/test_smi_topo.o $(addprefix $(B)/tools/smi_,topo.o fdinfo.o process.o \
		sample.o system.o) $(LIBACCEL)
	$(CC) -o $@ $(filter %.o,$^) $(LDFLAGS) -L$(B) -laccel -Wl,-rpath,'$$ORIGIN/../../..' -ljson-c -lcmocka

TOOL_UNIT_TESTS := $(TOOL_TEST_SCRIPTS) $(addprefix $(TOOL_TESTS)/test_smi_,process health topo)
UNIT_TESTS += $(TOOL_UNIT_TESTS)
ALL += $(TOOL_UNIT_TESTS)
