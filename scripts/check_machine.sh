#!/bin/sh
# Says in one sentence what a machine lacks to build graphrank. Usage: check_machine.sh PYTHON
set -u

stop() {
    echo "$1" >&2
    exit 1
}

python="$1"
command -v "$python" >/dev/null 2>&1 ||
    stop "graphrank needs Python 3.11 or newer and found no \"$python\": install it, or name yours: make PYTHON=python3.12 demo"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    stop "graphrank needs Python 3.11 or newer, and \"$python\" is $("$python" -c 'import platform; print(platform.python_version())'): name another one: make PYTHON=python3.12 demo"
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    stop "\"$python\" cannot create virtual environments: install its venv package (on Debian and Ubuntu: apt install python3-venv)."

command -v cargo >/dev/null 2>&1 ||
    stop "graphrank needs Rust 1.89 or newer and found no \"cargo\": install it from https://rustup.rs and run this command again."
minor=$(cargo --version 2>/dev/null | sed -n 's/^cargo 1\.\([0-9]*\)\..*/\1/p')
[ "${minor:-0}" -ge 89 ] ||
    stop "graphrank needs Rust 1.89 or newer, and this is \"$(cargo --version 2>&1 | head -n 1)\": update it (rustup update) or install it from https://rustup.rs."

command -v cc >/dev/null 2>&1 || command -v gcc >/dev/null 2>&1 || command -v clang >/dev/null 2>&1 ||
    stop "graphrank needs a C linker and found none: install gcc (on Debian and Ubuntu: apt install gcc libc6-dev)."
