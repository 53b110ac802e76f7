#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""usage: tests/docs/man.py

Description: the manual and what it describes agree, both ways: every function of libaccel.map has
a page with the prototype that accel.h gives it, every option of a tool's --help stands in the
tool's page, every request, query and parameter of the driver in axon(4), and none stands there
that does not exist. The pages have one version, no warning of mandoc's, and their C examples
compile.
"""

import glob
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
MAN = os.path.join(ROOT, "docs", "man")
TOOLS = {
    "accel-run": "build/accel-run",
    "accel-train": "build/accel-train",
    "accel-smi": "build/accel-smi",
    "accel-bench": "build/accel-bench",
    "axon-cc": "tools/axon-cc",
    "axon-vm": "tools/vm",
}
faults = []


def fault(text):
    faults.append(text)
    print(text)


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def plain(line):
    """A line of troff without its macro, fonts, quotes and escapes."""
    line = re.sub(r"^\.[A-Z]{1,2} ", "", line)
    return re.sub(r"\\f[A-Z]|\\c$|\"|\\&", "", line).replace("\\-", "-")


def same(kind, where, documented, real):
    """Both sets hold the same names."""
    for name in sorted(real - documented):
        fault(f"{where}: expected {kind} {name} to be described, found nothing")
    for name in sorted(documented - real):
        fault(f"{where}: describes {kind} {name}, which does not exist")


def check_functions():
    """NAME sections against the map, prototypes against the header."""
    exported = set(re.findall(r"^\t(accel_\w+);", read("libaccel", "libaccel.map"), re.M))
    header = re.sub(r"/\*.*?\*/", "", read("libaccel", "accel.h"), flags=re.S)
    prototypes = {m[1]: re.sub(r"\s+", " ", m[0]).replace(" ,", ",") for m in
                  re.finditer(r"^(?:const |int |long |void |uint|size_t|unsigned )[^;{]*?\b(accel_\w+)"
                              r"\([^;]*?\);", header, re.M)}
    same("prototype", "libaccel/accel.h", set(prototypes), exported)
    named = set()
    for page in glob.glob(os.path.join(MAN, "*.3")):
        text = read(page)
        names = re.search(r"^\.SH NAME\n(.*?) \\-", text, re.M | re.S)[1].replace("\n", " ")
        named |= {n.strip() for n in names.split(",")}
        synopsis = re.search(r"^\.SH SYNOPSIS\n(.*?)^\.SH", text, re.M | re.S)[1]
        lines = []
        for line in synopsis.splitlines():
            if line.startswith((".BI ", ".B ")):
                parts = re.findall(r'"([^"]*)"|(\S+)', line.partition(" ")[2])
                words = [a or b for a, b in parts]
                lines.append(("" if line.startswith(".BI ") else " ").join(words))
        found = re.sub(r"\s+", " ", " ".join(lines))
        for name in (n.strip() for n in names.split(",")):
            if prototypes.get(name, "") not in found:
                fault(f"{os.path.basename(page)}: expected '{prototypes[name]}' in the synopsis")
    same("function", "docs/man/*.3", named, exported)


def show_help(*command):
    """What the command prints for --help, by lines."""
    done = subprocess.run([os.path.join(ROOT, command[0]), *command[1:], "--help"], cwd=ROOT,
                          env={**os.environ, "LD_LIBRARY_PATH": os.path.join(ROOT, "build", "emu")},
                          stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()


def help_options(program):
    """The options that --help shows, of the tool and of each command that it lists."""
    lines = show_help(program)
    if re.search(r"\b(COMMAND|TASK|VERB)\b", lines[0]) and "tools/vm" not in program:
        for line in list(lines):
            command = re.match(r" *([a-z][a-z0-9-]+)(?:: | {2,})[a-z]", line)
            if command:
                lines += show_help(program, command[1])
    options = set()
    for line in lines:
        if re.match(r" {1,8}-", line):
            shown = re.split(r" {2,}(?=[^-\s])", line.strip())[0]
            options |= set(re.findall(r"(?<![\w-])--?[A-Za-z?][\w-]*", shown))
    return options


def page_options(text):
    """The options that are tags of a page's paragraphs."""
    tags = re.findall(r"^\.TP[^\n]*\n([^\n]*)", text, re.M)
    return {o for tag in tags for o in re.findall(r"(?<![\w-])--?[A-Za-z?][\w-]*", plain(tag))}


def check_options():
    for tool, program in TOOLS.items():
        page = os.path.join(MAN, f"{tool}.1")
        if not os.path.exists(page):
            fault(f"docs/man/{tool}.1: expected a page for {tool}, found none")
            continue
        documented = page_options(read(page))
        if tool == "axon-cc":  # whose other options are clang's
            documented &= {"-o", "-h", "--help", "--version"}
        same("option", f"docs/man/{tool}.1", documented, help_options(program))


def check_requests():
    header, page = read("uapi", "axon_accel.h"), read("docs", "man", "axon.4")
    tags = set(re.findall(r"^\.TP\n\.B (DRM_\w+)", page, re.M))
    requests = set(re.findall(r"^#define (DRM_IOCTL_AXON_\w+)", header, re.M))
    queries = re.search(r"enum drm_axon_query_type \{(.*?)\};", header, re.S)[1]
    same("request or query", "docs/man/axon.4", tags,
         requests | set(re.findall(r"\b(DRM_AXON_QUERY_\w+)", queries)))
    section = re.search(r"^\.S[HS] Parameters\n(.*?)^\.S[HS]", page, re.M | re.S | re.I)
    documented = set(re.findall(r"^\.TP\n\.B\w* (\w+)", section[1], re.M)) if section else set()
    sources = "".join(read(path) for path in glob.glob(os.path.join(ROOT, "driver", "*.c")))
    same("parameter", "docs/man/axon.4", documented,
         set(re.findall(r"^module_param\w*\((\w+)", sources, re.M)))


def check_pages():
    """Layout, version and examples of every page."""
    version = read("VERSION").strip()
    pages = sorted(glob.glob(os.path.join(MAN, "*.[1-9]")))
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *pages], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    for line in done.stdout.splitlines():
        fault(line)
    for page in pages:
        text, name = read(page), os.path.basename(page)
        if not re.search(rf'^\.TH \S+ \d \S+ "\w+ {re.escape(version)}" "Axon"$', text, re.M):
            fault(f"{name}: expected version {version} in its .TH")
        for example in re.findall(r"^\.EX\n(.*?)^\.EE", text, re.M | re.S):
            if "#include" in example:
                compile_example(name, example)
    if not any("\n.EX\n#include" in read(page) for page in pages):
        fault("docs/man: expected C examples, found none")


def compile_example(name, troff):
    text = re.sub(r"\\([-&e])", lambda m: {"-": "-", "&": "", "e": "\\"}[m[1]], troff)
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "example.c")
        with open(source, "w", encoding="utf-8") as file:
            file.write(text)
        done = subprocess.run(["gcc", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
                               "-I", os.path.join(ROOT, "libaccel"), "-I", os.path.join(ROOT, "uapi"),
                               "-isystem", "/usr/include/libdrm", source], text=True,
                              stderr=subprocess.PIPE, check=False)
    if done.returncode:
        fault(f"{name}: its example does not compile:\n{done.stderr}")


def main():
    checks = [check_functions, check_options, check_requests, check_pages]
    failed = 0
    for check in checks:
        before = len(faults)
        check()
        failed += len(faults) > before
    print(f"[  PASSED  ] {len(checks) - failed} test(s).\n[  FAILED  ] {failed} test(s).")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
