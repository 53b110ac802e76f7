# SPDX-License-Identifier: MIT
"""Runs the programs that measure, one at a time; what is stopped leaves none of them behind."""

import os
import re
import signal
import subprocess

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
LIMIT = 300  # seconds


class Failed(Exception):
    """What could not be measured, and why: one line."""


def stop(process):
    """A launcher ends its VM when it is asked to; what does not listen is killed."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=10)
            return
        except (subprocess.TimeoutExpired, ProcessLookupError):
            pass


def reason(command, said):
    """Why a program failed: its own first line (the launcher's only repeats the status), or the last of all."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    names = "|".join(re.escape(os.path.basename(word)) for word in command if "/" in word)
    own = [line for line in lines if re.match(rf"(\S*/)?({names}): (?!the command returned)", line)]
    return [*own[:1], *lines[-1:], "without a word"][0]


def run(command, limit=LIMIT, errors=subprocess.PIPE, **environment):
    """A command's standard output and error; its failure is raised by name. errors=None: they are shown."""
    shown = " ".join(word if len(word) < 60 else os.path.basename(word) for word in command)
    program = os.path.join(ROOT, command[0])
    if not os.path.exists(program):
        raise Failed(f"{command[0]}: not found: run 'make all vm'")
    process = subprocess.Popen([program, *command[1:]], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=errors, text=True, errors="replace", start_new_session=True,
                               env=dict(os.environ, **environment))
    try:
        output, said = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        stop(process)
        raise Failed(f"{shown}: did not end in {limit} s") from None
    except BaseException:
        stop(process)
        raise
    if process.returncode:
        raise Failed(f"{shown}: ended with {process.returncode}: {reason(command, said or output)}")
    return output, said
