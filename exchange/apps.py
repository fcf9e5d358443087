from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "exchange"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from base import schema  # noqa: F401  (registers what it defines)
        from exchange import checks, login_trail  # noqa: F401  (as above)
        from exchange.audit import audit_record
        from exchange.services import limits, staff, terms
        from proposals.kinds import kind_register
        from proposals.ports import audit_trail_use, participation_check_use

        audit_trail_use(audit_record)
        participation_check_use(staff.require_settled)
        for kind in (*terms.KINDS, *staff.KINDS, *limits.KINDS):
            kind_register(kind)
