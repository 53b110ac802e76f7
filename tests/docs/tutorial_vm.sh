#!/bin/sh
# SPDX-License-Identifier: MIT
# Description: the tutorial's runs through the driver, and its command that boots a VM.
exec "$(dirname "$0")/tutorial.py" --vm
