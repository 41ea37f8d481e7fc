"""The job queue: tasks kept in the records database, run here, tried again when they fail.

A job must be idempotent: it can run twice when a machine dies between its work and its mark.
"""

from datetime import datetime, timedelta

import structlog
from django_tasks.base import TaskResultStatus
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

log = structlog.get_logger(__name__)

MOST_TRIES = 5
KEPT = timedelta(days=30)


def drain() -> None:
    """Run every job that is ready, then return."""
    Worker(
        queue_names=["*"],
        interval=0,
        batch=True,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id="mingcha",
        excluded_queue_names=[],
    ).run()


def reclaim() -> int:
    """Put back the jobs that a dead worker left running. Call at start, with one worker alive."""
    return DBTaskResult.objects.running().update(status=TaskResultStatus.READY)


def retry_failed() -> int:
    """Put failed jobs back that were tried less than ``MOST_TRIES`` times; give their number.

    The others stay failed, for the system administrator to see.
    """
    again = 0
    for row in DBTaskResult.objects.failed():
        tries = len(row.worker_ids)
        if tries < MOST_TRIES:
            again += DBTaskResult.objects.filter(pk=row.pk).update(status=TaskResultStatus.READY)
            log.warning(
                "job failed, trying again", task=row.task_path, tries=tries, why=row.exception_class_path
            )
    return again


def given_up() -> int:
    """How many jobs have failed for good."""
    return sum(len(row.worker_ids) >= MOST_TRIES for row in DBTaskResult.objects.failed())


def forget(at: datetime) -> int:
    """Delete jobs that succeeded more than ``KEPT`` before ``at``; give their number."""
    deleted, _ = DBTaskResult.objects.successful().filter(finished_at__lt=at - KEPT).delete()
    return deleted
