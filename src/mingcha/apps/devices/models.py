from typing import Any, NoReturn

from django.conf import settings
from django.db import models

from mingcha.apps.devices import words
from mingcha.core.errors import LocalError

MN_MAX = 64  # characters kept of an unknown MN; whole in the journal
REF_MAX = 64

WAITING, ADOPTED, DISMISSED = "waiting", "adopted", "dismissed"
PROPOSED, APPROVED, IN_FORCE, REPLACED, REJECTED = "proposed", "approved", "in_force", "replaced", "rejected"
QUEUED, SENT, ACCEPTED, RUNNING, DONE = "queued", "sent", "accepted", "running", "done"
FAILED, REFUSED, TIMED_OUT, CANCELLED = "failed", "refused", "timed_out", "cancelled"


class Access(models.Model):
    """How a logger may speak: its password (sealed), and what happens on a wrong one.

    The former password is accepted until ``former_until``: a logger may still use it (hj212.md §12.4).
    """

    datalogger = models.OneToOneField("registry.Datalogger", models.PROTECT, related_name="access")
    sealed_password = models.BinaryField()  # encrypted with the key of the data folder
    reject_bad_password = models.BooleanField(default=False)  # hj212.md §12.2: accept and warn by default
    changed_at = models.DateTimeField()
    sealed_former = models.BinaryField(null=True)
    former_until = models.DateTimeField(null=True)


class Quarantine(models.Model):
    """Who sends and is not registered: kept in the journal, not acknowledged, waiting for a decision."""

    class Kind(models.TextChoices):
        MN = "mn", "未登记的MN"
        HARDWARE = "hardware", "2025版硬件注册"  # 1001 with empty MN: the host gives one

    NEXT = {
        (WAITING, "adopt"): ADOPTED,
        (WAITING, "dismiss"): DISMISSED,
        (DISMISSED, "undo"): WAITING,
    }
    STATES = {WAITING: "待处理", ADOPTED: "已登记", DISMISSED: "已排除"}

    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.MN)
    mn = models.CharField(max_length=MN_MAX)  # of hardware: "" until one is given
    hardware_id = models.CharField(max_length=MN_MAX, blank=True)  # i23005
    hardware = models.JSONField(default=dict)  # i23005 to i23008 as sent
    st = models.CharField(max_length=8, blank=True)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    frames = models.PositiveIntegerField(default=0)
    first_ref = models.CharField(max_length=REF_MAX, blank=True)
    last_ref = models.CharField(max_length=REF_MAX)
    refs = models.JSONField(default=list)  # the newest frames, newest first
    state = models.CharField(max_length=16, choices=list(STATES.items()), default=WAITING)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=500, blank=True)
    datalogger = models.ForeignKey("registry.Datalogger", models.PROTECT, null=True, related_name="adoptions")

    class Meta:
        ordering = ["-last_seen", "-id"]
        constraints = [
            # An adopted row is closed: when its logger is removed and sends on, that is a new decision.
            models.UniqueConstraint(
                fields=["kind", "mn", "hardware_id"],
                condition=~models.Q(state=ADOPTED),
                name="quarantine_open_once",
            )
        ]


class Kept(models.QuerySet[Any]):
    """Refuses what would change or delete rows."""

    def update(self, **_: Any) -> NoReturn:
        raise LocalError(_NEVER)

    def delete(self) -> NoReturn:
        raise LocalError(_NEVER)


_NEVER = "a station's setting is never changed or deleted; follow it with a newer one by setting_set"


class StationSetting(models.Model):
    """How a station is read from ``valid_from`` on. Never edited: what changes decoding is dated.

    In force at a moment: of those that begin by then the one that begins last; of two that begin together the one
    entered later. Settings follow the MN, whatever ST it sends under.
    """

    datalogger = models.ForeignKey("registry.Datalogger", models.PROTECT, related_name="settings")
    dialect = models.JSONField(default=dict)  # protocol.hj212.Dialect
    edition = models.CharField(max_length=4, blank=True)  # "" as the logger speaks
    contact = models.JSONField(default=dict)  # what the host sets at first contact
    valid_from = models.DateTimeField()
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    set_at = models.DateTimeField()
    why = models.CharField(max_length=500)

    objects = Kept.as_manager()

    class Meta:
        ordering = ["-valid_from", "-id"]
        indexes = [
            # the setting in force at a moment
            models.Index(fields=["datalogger", "valid_from"], name="setting_in_force"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise LocalError(_NEVER)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise LocalError(_NEVER)


class StationKey(models.Model):
    """An SM4 key of a 2025 logger: proposed by one person, approved by another, kept sealed for rebuilds.

    A key decrypts from ``usable_from`` (its approval: the logger may use it before we hear so) until a grace time after
    ``ended_at``.
    """

    NEXT = {
        (PROPOSED, "approve"): APPROVED,
        (PROPOSED, "reject"): REJECTED,
        (APPROVED, "confirm"): IN_FORCE,  # the logger took it, or it was typed into the logger
        (APPROVED, "reject"): REJECTED,  # never sent
        (APPROVED, "replace"): REPLACED,
        (IN_FORCE, "replace"): REPLACED,
    }
    STATES = {
        PROPOSED: "待批准",
        APPROVED: "待下发",
        IN_FORCE: "使用中",
        REPLACED: "已更换",
        REJECTED: "未采用",
    }

    datalogger = models.ForeignKey("registry.Datalogger", models.PROTECT, related_name="keys")
    sealed_key = models.BinaryField()
    imported = models.BooleanField(default=False)  # known to the logger already; nothing is sent
    state = models.CharField(max_length=16, choices=list(STATES.items()), default=PROPOSED)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    usable_from = models.DateTimeField(null=True)
    in_force_from = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-proposed_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(approved_by=None) | ~models.Q(approved_by=models.F("proposed_by")),
                name="key_two_persons",
            ),
            models.UniqueConstraint(
                fields=["datalogger"], condition=models.Q(state=IN_FORCE), name="key_in_force_once"
            ),
            models.UniqueConstraint(
                fields=["datalogger"],
                condition=models.Q(state__in=(PROPOSED, APPROVED)),
                name="key_under_way_once",
            ),
        ]


class Command(models.Model):
    """What the host asks of a logger (反控), from the wish to the result."""

    OPEN = (QUEUED, SENT, ACCEPTED, RUNNING)
    FINAL = (DONE, FAILED, REFUSED, TIMED_OUT, CANCELLED)
    # Answers can be lost or overtaken, so news may skip a state; it never leads back.
    NEXT = {
        (QUEUED, "cancel"): CANCELLED,
        (QUEUED, "send"): SENT,
        **{(state, "accept"): ACCEPTED for state in (QUEUED, SENT)},
        **{(state, "run"): RUNNING for state in (QUEUED, SENT, ACCEPTED)},
        **{(state, "finish"): DONE for state in OPEN},
        **{(state, "fail"): FAILED for state in OPEN},
        **{(state, "refuse"): REFUSED for state in (QUEUED, SENT, ACCEPTED)},
        **{(state, "time_out"): TIMED_OUT for state in OPEN},
    }
    STATES = {
        QUEUED: "待发送",
        SENT: "已发送",
        ACCEPTED: "已接受",
        RUNNING: "执行中",
        DONE: "完成",
        FAILED: "失败",
        REFUSED: "拒绝",
        TIMED_OUT: "超时",
        CANCELLED: "已取消",
    }

    datalogger = models.ForeignKey("registry.Datalogger", models.PROTECT, related_name="commands")
    command = models.CharField(max_length=32)  # name in protocol.hj212.exchanges.COMMANDS
    values = models.JSONField(default=dict)  # secrets stand as ******
    sealed_values = models.BinaryField(null=True)  # the secrets, as JSON; removed when the command ends
    why = models.CharField(max_length=500, blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    expires = models.DateTimeField()
    state = models.CharField(max_length=16, choices=list(STATES.items()), default=QUEUED)
    qn = models.CharField(max_length=24, blank=True)
    sent_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    running_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    gateway = models.CharField(max_length=32, blank=True)  # which took it
    reason = models.CharField(max_length=64, blank=True)  # code of 9011 or 9012, or our own word
    results = models.JSONField(default=list)
    key = models.ForeignKey(StationKey, models.PROTECT, null=True, related_name="commands")
    adoption = models.ForeignKey(Quarantine, models.PROTECT, null=True, related_name="commands")

    class Meta:
        ordering = ["-id"]
        indexes = [
            # what the gateway is to send, and what has run out
            models.Index(fields=["state", "expires"], name="command_waiting"),
            # the list of one station
            models.Index(fields=["datalogger", "-id"], name="command_of_station"),
        ]

    @property
    def under_way(self) -> bool:
        return self.state in self.OPEN

    @property
    def title_zh(self) -> str:
        return words.title(self.command, "zh")

    @property
    def title_en(self) -> str:
        return words.title(self.command, "en")

    @property
    def reason_zh(self) -> str:
        return words.reason(self.state, self.reason, "zh")

    @property
    def reason_en(self) -> str:
        return words.reason(self.state, self.reason, "en")


class Contact(models.Model):
    """The first contact with a logger is due (hj212.md §5.4), and when the host began it."""

    datalogger = models.OneToOneField("registry.Datalogger", models.PROTECT, related_name="contact")
    due_since = models.DateTimeField()
    begun_at = models.DateTimeField(null=True)


class Rewalk(models.Model):
    """A span of one MN that the projection must read again, because what decides its decoding changed."""

    mn = models.CharField(max_length=MN_MAX)
    start = models.DateTimeField()
    end = models.DateTimeField(null=True)  # exclusive; None: to the end of the journal
    why = models.CharField(max_length=64)  # the audited action that asked for it
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    frames = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["id"]
        indexes = [
            # what waits
            models.Index(fields=["id"], condition=models.Q(done_at=None), name="rewalk_waiting"),
        ]


class Target(models.Model):
    """Another host to which frames are forwarded. ``filter``: an empty list means all."""

    name = models.CharField(max_length=40, unique=True)  # also the name of its queue on disk: never changed
    title = models.CharField(max_length=64, blank=True)
    host = models.CharField(max_length=253)
    port = models.PositiveIntegerField()
    edition = models.CharField(max_length=4)
    sealed_password = models.BinaryField()  # for stations without one of their own there; "" as received
    sealed_key = models.BinaryField()  # SM4 towards a target of 2025; "" plain
    tls = models.BooleanField(default=False)
    tls_name = models.CharField(max_length=253, blank=True)
    tls_ca = models.TextField(blank=True)  # PEM; "" the system's
    active = models.BooleanField(default=False)
    filter = models.JSONField(default=dict)  # {"districts", "outlets", "sts", "cns"}: lists, empty means all
    since = models.DateTimeField(
        null=True
    )  # where a new target begins in the journal; None: where it is switched on
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    @property
    def mapped(self) -> int:
        """How many stations have another name there; of prefetched ones without a query."""
        return len(self.stations.all())


class TargetStation(models.Model):
    """Under which MN and password a station is known to a target."""

    target = models.ForeignKey(Target, models.PROTECT, related_name="stations")
    datalogger = models.ForeignKey("registry.Datalogger", models.PROTECT, related_name="targets")
    mn = models.CharField(max_length=40)
    sealed_password = models.BinaryField()
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["target_id", "datalogger_id"]
        constraints = [
            models.UniqueConstraint(fields=["target", "datalogger"], name="target_station_once"),
            models.UniqueConstraint(fields=["target", "mn"], name="target_mn_once"),
        ]
