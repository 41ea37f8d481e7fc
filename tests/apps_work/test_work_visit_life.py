"""The whole life of a visit against a simple model."""

from datetime import timedelta

from django.db import transaction
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from work_world import MORNING, World

from mingcha.apps.maintenance.selectors import (
    duties_of_visit,
)
from mingcha.apps.maintenance.services import (
    visit_confirm,
    visit_reject,
    visit_review,
    visit_sign_out,
    visit_submit,
    visit_withdraw,
    visits_time_out,
)
from mingcha.core.errors import BadInput, IllegalMove


class VisitLife(RuleBasedStateMachine):
    """The words of WF-8 as plain sets, beside the real services."""

    world: World

    @initialize(submitted=st.booleans())
    def sign_in(self, submitted: bool) -> None:
        self.frame = transaction.atomic()
        self.frame.__enter__()
        self.now = MORNING
        self.visit = self.world.fill(self.world.sign_in())
        self.open, self.is_submitted, self.final = True, False, ""
        self.confirmed_at = self.approved = self.left = None
        self.opened_at = MORNING
        if submitted:
            self.submit()

    def attempt(self, allowed: bool, deed) -> bool:
        """Do it; the services must agree with the model on whether it goes."""
        self.visit.refresh_from_db()
        refusal: Exception | None = None
        try:
            with transaction.atomic():
                deed()
        except (IllegalMove, BadInput) as error:
            refusal = error
        assert (refusal is None) == allowed, f"the model says {allowed}, the services {refusal or 'did it'}"
        return allowed

    def waiting(self) -> bool:
        return self.is_submitted and not self.final

    def grace_is_over(self) -> bool:
        day = max(filter(None, (self.visit.submitted_at, self.visit.sign_out_at)), default=self.now)
        midnight = (day + timedelta(hours=8)).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(
            hours=16
        )
        return self.now >= midnight + timedelta(days=3)

    @rule(minutes=st.sampled_from([1, 5, 9, 11, 600, 1500]))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def submit(self) -> None:
        if self.attempt(
            self.open, lambda: visit_submit(visit=self.visit, by=self.world.person("technician"), at=self.now)
        ):
            self.open, self.is_submitted = False, True

    @rule()
    def confirm(self) -> None:
        allowed = self.waiting() and self.confirmed_at is None and not self.grace_is_over()
        if self.attempt(
            allowed,
            lambda: visit_confirm(
                visit=self.visit, by=self.world.person("discharger_confirmer"), at=self.now
            ),
        ):
            self.confirmed_at = self.now

    @rule()
    def approve(self) -> None:
        allowed = self.waiting() and not self.approved
        if self.attempt(
            allowed,
            lambda: visit_review(
                visit=self.visit, by=self.world.person("agency_reviewer"), decision="approve", at=self.now
            ),
        ):
            self.approved = True

    @rule()
    def send_back(self) -> None:
        allowed = self.waiting() and not self.approved
        if self.attempt(
            allowed,
            lambda: visit_review(
                visit=self.visit,
                by=self.world.person("agency_reviewer"),
                decision="return",
                comment="补",
                at=self.now,
            ),
        ):
            self.reopened()

    @rule()
    def reject(self) -> None:
        allowed = self.waiting() and self.confirmed_at is None
        if self.attempt(
            allowed,
            lambda: visit_reject(
                visit=self.visit, by=self.world.person("discharger_confirmer"), reason="不符", at=self.now
            ),
        ):
            self.reopened()

    def reopened(self) -> None:
        self.open, self.is_submitted, self.confirmed_at, self.approved = True, False, None, None
        self.opened_at = self.now

    @rule()
    def withdraw(self) -> None:
        soon = self.confirmed_at is not None and self.now - self.confirmed_at <= timedelta(minutes=10)
        allowed = self.waiting() and soon and not self.approved
        if self.attempt(
            allowed,
            lambda: visit_withdraw(
                visit=self.visit, by=self.world.person("discharger_confirmer"), at=self.now
            ),
        ):
            self.confirmed_at = None

    @rule()
    def sign_out(self) -> None:
        allowed = self.left is None and (self.is_submitted or self.final == "unconfirmed")
        if self.attempt(
            allowed, lambda: visit_sign_out(visit=self.visit, by=self.world.person("technician"), at=self.now)
        ):
            self.left = self.now

    @rule()
    def the_clock_strikes(self) -> None:
        self.visit.refresh_from_db()
        visits_time_out(at=self.now)
        if self.open and self.left is None and self.now - self.opened_at >= timedelta(hours=24):
            self.open, self.final = False, "auto_closed"
        elif self.waiting() and self.confirmed_at is None and self.grace_is_over():
            self.final = "unconfirmed"

    @invariant()
    def the_state_says_what_happened(self) -> None:
        if not hasattr(self, "visit"):
            return
        self.visit.refresh_from_db()
        both = self.confirmed_at is not None and self.approved
        if self.final:
            expected = self.final
        elif self.open:
            expected = "open"
        elif both:
            expected = "complete"
        elif self.confirmed_at is not None:
            expected = "confirmed"
        else:
            expected = "reviewed" if self.approved else "submitted"
        assert self.visit.state == expected
        assert (self.visit.sign_out_at is not None) == (self.left is not None)
        assert self.visit.records.count() == 1
        running = [d for d in duties_of_visit(self.visit) if d.state == "running"]
        assert all(d.due_at < self.now for d in running[:-1]), "one round at a time"
        if expected in ("confirmed", "complete", "open", "auto_closed"):
            assert all(d.due_at < self.now for d in running), "only a term that is over outlives its round"

    def teardown(self) -> None:
        if hasattr(self, "frame"):
            transaction.set_rollback(True)
            self.frame.__exit__(None, None, None)


def test_the_life_of_a_visit_follows_the_words_of_wf_8(world):
    class Here(VisitLife):
        pass

    Here.world = world
    run_state_machine_as_test(
        Here, settings=hypothesis_settings(max_examples=40, stateful_step_count=25, deadline=None)
    )
