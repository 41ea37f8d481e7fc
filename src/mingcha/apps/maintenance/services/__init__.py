"""Every write of O&M. A visit's life is ``Visit.NEXT``; its guards are in ``guards.py``."""

from mingcha.apps.maintenance.services.contracts import contract_end, contract_sign
from mingcha.apps.maintenance.services.records import record_save
from mingcha.apps.maintenance.services.tasks import task_assign, task_cancel, task_plan, tasks_expire
from mingcha.apps.maintenance.services.timers import visits_time_out
from mingcha.apps.maintenance.services.visits import (
    visit_confirm,
    visit_reject,
    visit_review,
    visit_sign_in,
    visit_sign_out,
    visit_submit,
    visit_withdraw,
)

__all__ = [
    "contract_end",
    "contract_sign",
    "record_save",
    "task_assign",
    "task_cancel",
    "task_plan",
    "tasks_expire",
    "visit_confirm",
    "visit_reject",
    "visit_review",
    "visit_sign_in",
    "visit_sign_out",
    "visit_submit",
    "visit_withdraw",
    "visits_time_out",
]
