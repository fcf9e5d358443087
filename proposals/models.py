from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now

from base.ids import uuid7

REASON_MAX = 200


class Proposal(models.Model):
    """What one member of staff wants done and another one decides on. Nothing of it happens before that.

    The database sees to it: a proposal begins undecided, is decided once, by somebody else than its proposer and those
    it benefits, in a later transaction, before it expires; and nothing else of it ever changes.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed"
        APPROVED = "approved"
        REJECTED = "rejected"
        WITHDRAWN = "withdrawn"
        EXPIRED = "expired"

    id = models.UUIDField(primary_key=True, default=uuid7)
    kind = models.CharField(max_length=32)
    target = models.CharField(max_length=64, blank=True, help_text="Key of the object that it changes")
    subject = models.CharField("about", max_length=200, blank=True, help_text="What the object is called")
    payload = models.JSONField(default=dict, blank=True, help_text="What is to be done, for the program")
    before = models.JSONField(default=dict, blank=True, help_text="What was so when it was proposed")
    after = models.JSONField(default=dict, blank=True, help_text="What would be so")
    reason = models.CharField(max_length=REASON_MAX)
    reference = models.CharField(
        max_length=128, blank=True, default="", help_text="The transaction outside that it is about, once ever"
    )
    claim = models.CharField(
        max_length=128, blank=True, default="", help_text="What no second proposal may be about unless this one fails"
    )
    beneficiaries = ArrayField(models.UUIDField(), default=list, blank=True, help_text="Users who get or lose by it")
    state = models.CharField(max_length=9, choices=State.choices, default=State.PROPOSED)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("proposed at", db_default=Now())
    expires_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True)
    # The transactions of both steps: what is decided may be done in the second one only.
    made_in = models.BigIntegerField(default=0, editable=False)
    decided_in = models.BigIntegerField(null=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="proposed", decided_by=None, decided_at=None)
                | Q(state="expired", decided_by=None, decided_at__isnull=False)
                | (~Q(state__in=["proposed", "expired"]) & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="proposal_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "rejected"]) | ~Q(decided_by=F("proposed_by")),
                name="proposal_two_people",
            ),
            models.CheckConstraint(
                condition=~Q(state="withdrawn") | Q(decided_by=F("proposed_by")),
                name="proposal_withdrawn_by_its_proposer",
            ),
            models.UniqueConstraint(
                Lower("reference"),
                condition=Q(state__in=["proposed", "approved"]) & ~Q(reference=""),
                name="proposal_reference_once",
            ),
            models.UniqueConstraint(
                fields=["claim"],
                condition=Q(state__in=["proposed", "approved"]) & ~Q(claim=""),
                name="proposal_claim_once",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "id"], name="proposal_state_id"),
            models.Index(fields=["kind", "id"], name="proposal_kind_id"),
            models.Index(fields=["proposed_by", "id"], name="proposal_proposer_id"),
            models.Index(fields=["decided_in"], condition=Q(state="approved"), name="proposal_decided_in"),
            models.Index(fields=["expires_at"], condition=Q(state="proposed"), name="proposal_expires"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject or self.id}"
