"""The product's own reconciliation."""

from tests.chaos.cluster import Cluster
from tests.chaos.verify.findings import Findings


def check_reconcile(cluster: Cluster, findings: Findings) -> None:
    """Run `manage.py reconcile --json`; it must pass."""
    finished = cluster.manage("manage.py", "reconcile", "--json", timeout_s=300)
    findings.checked["manage.py reconcile"] += 1
    if finished.returncode != 0:
        findings.differ(
            "reconcile", f"exit status {finished.returncode}", finished.stdout[-4000:], finished.stderr[-2000:]
        )
