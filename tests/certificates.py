"""An authority and a certificate of a test run, made by openssl."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.programs import program


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files of a certificate for 127.0.0.1 and localhost, and of the authority that signed it."""

    authority: Path
    certificate: Path
    key: Path


def make_certificate(folder: Path, *names: str) -> Certificate:
    """Make both in a folder. `names` are names besides 127.0.0.1 and localhost."""
    made = Certificate(folder / "ca.pem", folder / "fullchain.pem", folder / "privkey.pem")
    elliptic = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    _openssl("req", "-x509", *elliptic, "-subj", "/CN=authority", "-keyout", folder / "ca.key", "-out", made.authority)
    alternatives = ",".join(["IP:127.0.0.1", "DNS:localhost", *(f"DNS:{name}" for name in names)])
    _openssl(
        "req", "-x509", *elliptic, "-CA", made.authority, "-CAkey", folder / "ca.key", "-subj", "/CN=localhost",
        "-addext", f"subjectAltName={alternatives}", "-addext", "basicConstraints=critical,CA:FALSE",
        "-keyout", made.key, "-out", made.certificate,
    )  # fmt: skip
    return made


def _openssl(*arguments: str | Path) -> None:
    finished = subprocess.run([program("openssl", "openssl"), *map(str, arguments)], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
