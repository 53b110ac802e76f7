#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""usage: tests/docs/tutorial.py [--vm]

Description: docs/tutorial.md tells the truth. Writes its C files, types its commands into one
shell and compares what they print with what the page shows: lines in any order, addresses and the
core's number masked. With --vm the host program's runs go through the driver, in a VM; without,
commands that boot a VM are left out.
"""

import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
PAGE = os.path.join(ROOT, "docs", "tutorial.md")
HOME = os.path.join(ROOT, "build", "tests", "docs", "tutorial")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
MARK = "@@ command"


def blocks():
    """(language, text) of the page's code blocks, in order."""
    with open(PAGE, encoding="utf-8") as file:
        return BLOCK.findall(file.read())


def commands():
    """(command, the lines shown behind it) of the console blocks."""
    found = []
    for language, text in blocks():
        if language != "console":
            continue
        for line in text.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def write_sources(folder):
    """Each C block into the file that its first line names."""
    names = []
    for language, text in blocks():
        if language == "c":
            name = re.match(r"/\* (\S+\.[ch]): ", text)
            if not name:
                sys.exit(f"docs/tutorial.md: expected a C block to begin with its file's name, "
                         f"found '{text.splitlines()[0]}'")
            names.append(name[1])
            with open(os.path.join(folder, name[1]), "w", encoding="utf-8") as file:
                file.write(text)
    return names


def masked(lines):
    return sorted(re.sub(r"0x[0-9a-f]+|core \d+", "#", line) for line in lines)


def type_in(typed, where, launcher=(), **environment):
    """The lines that each command of one shell session prints."""
    script = os.path.join(HOME, "first", "typed.sh")
    with open(script, "w", encoding="utf-8") as file:
        file.writelines(f"{command}\necho '{MARK}'\n" for command, _ in typed)
    done = subprocess.run([*launcher, "bash", script], cwd=where, timeout=300, text=True,
                          env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return [part.splitlines() for part in done.stdout.split(MARK + "\n")[:-1]]


def compare(typed, outputs):
    """The number of commands that printed something else than the page shows."""
    wrong = 0
    if len(outputs) != len(typed):
        print(f"expected {len(typed)} commands to run, {len(outputs)} did")
        wrong = 1
    for (command, expected), found in zip(typed, outputs):
        if masked(expected) != masked(found):
            print(f"$ {command}\n  expected:", *expected, "  found:", *found, sep="\n  ")
            wrong += 1
    return wrong


def main():
    through_driver = sys.argv[1:] == ["--vm"]
    if sys.argv[1:] and not through_driver:
        sys.exit(__doc__)
    shutil.rmtree(HOME, ignore_errors=True)
    first = os.path.join(HOME, "first")  # where the page has its reader work
    os.makedirs(first)
    typed = [(c, shown) for c, shown in commands()
            if through_driver or not re.search(r"(^| )vm ", c)]
    runs = [(c, shown) for c, shown in typed if c.startswith("./")]
    if not runs or not write_sources(first):
        sys.exit("docs/tutorial.md: expected C files and commands that run them, found none")
    wrong = compare(typed, type_in(typed, ROOT, HOME=HOME))
    if through_driver:
        vm = [os.path.join(ROOT, "tools", "vm"), "--timeout", "120", "--"]
        wrong += compare(runs, type_in(runs, first, vm,
                                       LD_LIBRARY_PATH=os.path.join(ROOT, "build")))
    print(f"[  PASSED  ] {len(typed) + (len(runs) if through_driver else 0) - wrong} test(s).")
    print(f"[  FAILED  ] {wrong} test(s).")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
