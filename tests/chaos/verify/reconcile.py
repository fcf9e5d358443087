"""The product's own reconciliation, where this release has it."""

from tests.chaos.cluster import Cluster
from tests.chaos.verify.findings import Findings

_available: bool | None = None


def check_reconcile(cluster: Cluster, findings: Findings) -> None:
    """Run `manage.py reconcile --json`; it must pass. A release without it is said so in the report."""
    global _available
    if _available is None:
        _available = "reconcile" in cluster.manage("manage.py", "help", "--commands").stdout.split()
    if not _available:
        findings.facts["manage.py reconcile is NOT AVAILABLE in this release: not checked"] = 1
        return
    finished = cluster.manage("manage.py", "reconcile", "--json", timeout_s=300)
    findings.checked["manage.py reconcile"] += 1
    if finished.returncode != 0:
        findings.differ(
            "reconcile", f"exit status {finished.returncode}", finished.stdout[-4000:], finished.stderr[-2000:]
        )
