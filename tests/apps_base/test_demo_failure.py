"""A load of the demonstration region that fails leaves nothing behind."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mingcha.apps.accounts.models import District, Organisation, User
from mingcha.apps.audit.models import AuditEvent
from mingcha.core.errors import BadRule
from mingcha.workers.demo import load_region
from mingcha.workers.demo.accounts import kept
from mingcha.workers.demo.region import checked, region

AT = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)


def test_a_load_that_fails_half_way_leaves_nothing(
    db: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    broken = replace(region(), instruments={})
    monkeypatch.setattr("mingcha.workers.demo.loading.region", lambda: broken)
    with pytest.raises(KeyError):
        load_region(AT, folder=tmp_path)
    assert [table.objects.count() for table in (District, Organisation, User, AuditEvent)] == [0, 0, 0, 0]
    assert kept(tmp_path) == ()


def test_a_region_that_names_what_is_not_there_says_so() -> None:
    broken = replace(region(), limits={}, events=({"outlet": "nowhere/DA001"},))
    with pytest.raises(BadRule) as error:
        checked(broken)
    for part in ("region.yaml", "dongpu-energy/DA001", "limits.csv", "nowhere/DA001"):
        assert part in str(error.value)
