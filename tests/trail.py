"""What stands in the audit trail about acts, without that people have logged in and looked at pages."""

from django.db.models import Q, QuerySet

from exchange.models import AuditEntry

_NO_ACT = Q(action__startswith="user.log_") | Q(action__endswith=".read") | Q(action__endswith=".list")


def acts() -> QuerySet[AuditEntry]:
    return AuditEntry.objects.exclude(_NO_ACT)
