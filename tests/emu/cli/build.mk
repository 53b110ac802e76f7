# SPDX-License-Identifier: MIT
# accel-run on bad input and interrupted, with the chip in-process.

CLI_TEST := $(B)/tests/emu/cli/test_cli

$(CLI_TEST): tests/emu/cli/test_cli.py $(B)/accel-run $(B)/emu/libaccel.so.1
	@mkdir -p $(@D)
	install -m 755 $< $@

UNIT_TESTS += $(CLI_TEST)
ALL += $(CLI_TEST)
