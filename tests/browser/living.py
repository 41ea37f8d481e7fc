"""What people did on the platform before the tests look at it, by services alone; prints the numbers as JSON.

Run beside a running platform with its environment (``Platform.live``). The visits of yesterday are entered with yesterday's times: the
platform's own clock then finds their confirmation late. Nothing else moves a clock.
"""

import json
import os
import socket
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from browser_picture import photo
from django.conf import settings

from mingcha.apps.accounts.selectors import people_of, user_by_name
from mingcha.apps.cases import services as cases
from mingcha.apps.devices import selectors as devices
from mingcha.apps.devices import services as device_work
from mingcha.apps.findings import selectors as findings
from mingcha.apps.maintenance import selectors as maintenance
from mingcha.apps.maintenance import services as work
from mingcha.apps.maintenance.forms import Field
from mingcha.apps.maintenance.prefill import suggested_values
from mingcha.apps.marking.services import mark_submit
from mingcha.apps.registry.selectors import outlet_by_key
from mingcha.core.clock import beijing, beijing_day, day_end, day_start, format_digits, now
from mingcha.protocol.hj212 import encode
from mingcha.store.blobs import Blobs
from mingcha.workers.demo.region import region

AT = now()
HOME = "dongpu-energy"
TECHNICIAN = user_by_name("qingyuan-technician")
PHOTOS = Blobs(settings.BLOBS_FOLDER)
WAIT_S = 60


def outlet(code: str, short: str = HOME) -> Any:
    unit = next(one for one in region().dischargers if one.short == short)
    return outlet_by_key(f"{unit.uscc}/{code}")


def value(item: Field, begun: datetime) -> Any:
    if item.type == "table":
        return [{column.key: value(column, begun) for column in item.columns if not column.given}]
    if item.type == "datetime":
        late = item.key.endswith(("end", "recovered_at"))
        return (begun + timedelta(minutes=25 if late else 5)).isoformat(timespec="seconds")
    plain = {
        "choice": item.choices[0] if item.choices else "", "boolean": True, "decimal": "10.0", "integer": 1,
        "date": begun.date().isoformat(), "longtext": "按规程完成，情况正常。",
    }  # fmt: skip
    if item.type == "photo_list":
        return [PHOTOS.put(photo(len(item.key) + n)) for n in (1, 2)]
    if item.type == "signature":
        return TECHNICIAN.name
    return plain.get(item.type, "正常")


def visit(place: Any, activity: str, at: datetime, *, submit: bool = True, leave: bool = False) -> Any:
    """A visit with every record its activity asks for, handed in half an hour later."""
    task = maintenance.tasks_visible_to(TECHNICIAN).filter(
        outlet=place, activity=activity, state__in=("planned", "assigned"), window_start__lte=at, window_end__gt=at
    ).first()  # fmt: skip
    found = work.visit_sign_in(
        technician=TECHNICIAN, at=at, task=task, outlet=None if task else place, activity="" if task else activity,
        latitude=place.latitude, longitude=place.longitude, accuracy_m=9,
    )  # fmt: skip
    needs = maintenance.form_needs(found)
    chosen = [n.form for n in needs if n.need == "all"] or [next(n.form for n in needs if n.need == "one")]
    for form in chosen:
        begun = beijing(at)
        typed = suggested_values(form, found, TECHNICIAN, at)
        typed |= {f.key: value(f, begun) for f in form.fields if not f.given and f.key not in typed}
        work.record_save(
            visit=found, form=form.id, values=typed, author=TECHNICIAN, at=at + timedelta(minutes=28)
        )
    if submit:
        work.visit_submit(visit=found, by=TECHNICIAN, at=at + timedelta(minutes=30))
    if leave:
        work.visit_sign_out(visit=found, by=TECHNICIAN, at=at + timedelta(minutes=32))
    return found


def waited_for(look: Callable[[], Any], what: str) -> Any:
    began = time.monotonic()
    while (found := look()) is None:
        if time.monotonic() - began > WAIT_S:
            raise SystemExit(f"the platform did not bring {what} within {WAIT_S} s")
        time.sleep(0.5)
    return found


def late_finding(late: Any) -> Any:
    """The finding the platform makes of a confirmation that is overdue."""
    return findings.findings_visible_to(user_by_name("city")).filter(kind="duty", outlet=late.outlet).first()


def planned(place: Any, activity: str) -> Any:
    """A task of today that nobody has yet."""
    contract = maintenance.serving_contract(place, beijing_day(AT))
    assert contract is not None
    start, end = day_start(beijing_day(AT)), day_end(beijing_day(AT))
    return work.task_plan(
        contract=contract, outlet=place, activity=activity, clause="HJ 75-2017 11.2", window_start=start, window_end=end, at=AT
    )  # fmt: skip


def unknown() -> str:
    """A logger nobody registered sends two frames to the gateway; the number of its row in quarantine."""
    mn, at = "0F0F0F0F0F0F0F0F0F0F0F0F", now()
    frames = [
        encode(edition="2017", qn=format_digits(at + timedelta(seconds=n), milliseconds=True), st="31", cn="2011", pw="123456", mn=mn,
               flag=5, cp=f"DataTime={format_digits(at)};a21026-Rtd=1{n}.5,a21026-Flag=N;a19001-Rtd=8.4,a19001-Flag=N")
        for n in range(2)
    ]  # fmt: skip
    with socket.create_connection(("127.0.0.1", int(os.environ["MINGCHA_GATEWAY_PORT"])), timeout=10) as line:
        for raw in frames:
            line.sendall(raw)
        row = waited_for(
            lambda: devices.quarantine_list(user_by_name("city")).filter(mn=mn).first(),
            "the unknown logger in quarantine",
        )
    return str(row.pk)


def stations() -> dict[str, str]:
    """A setting, a command with its results, a key that waits for approval, a target that is off."""
    city = user_by_name("city")
    logger, newer = (outlet(code).dataloggers.filter(removed_at=None).get() for code in ("DA001", "DA003"))
    device_work.setting_set(
        datalogger=logger, dialect={"crc": ["modbus_low_first"], "timeout_s": 30}, valid_from=AT - timedelta(days=2),
        why="数采仪更换主板后按 Modbus 计算 CRC", by=city, at=AT,
    )  # fmt: skip
    asked = device_work.command_ask(
        datalogger=logger, command="get_hours", by=city, at=AT, why="核对补传",
        values={"begin": beijing(AT - timedelta(hours=6)), "end": beijing(AT)},
    )  # fmt: skip
    device_work.key_propose(datalogger=newer, by=city, at=AT, why="首次启用加密")
    device_work.target_set(
        name="national", title="上级平台", host="198.51.100.7", port=9212, edition="2017", by=city, at=AT
    )
    return {"mn": logger.mn, "mn_2025": newer.mn, "command": str(asked.pk), "quarantine": unknown()}


def main() -> dict[str, str]:
    yesterday = AT - timedelta(days=1)
    earlier = [
        visit(outlet(code), "patrol", yesterday - timedelta(hours=1), leave=True)
        for code in ("DA002", "DA003")
    ]
    half_hour_ago = max(AT - timedelta(minutes=32), day_start(beijing_day(AT)))
    waiting = visit(outlet("DW001"), "calibration", half_hour_ago)
    second = visit(outlet("DA003"), "calibration", half_hour_ago)
    opened = visit(outlet("DA001"), "patrol", AT, submit=False)
    task = planned(outlet("DA002"), "calibration")

    exceeded = next(e for e in region().events if e.get("fault") == "exceedance")
    start = day_start(beijing_day(AT) - timedelta(days=exceeded["day"])) + timedelta(hours=exceeded["hour"])
    officer = next(p for p in people_of(outlet("DA001").discharger, "discharger_officer"))
    mark_submit(outlet=outlet("DA001"), start=start, end=start + timedelta(hours=1), item="fault", factor="a21026",
                reason="喷枪堵塞，处理后恢复", by=officer, at=AT)  # fmt: skip

    city, enforcement = user_by_name("city"), user_by_name("enforcement")
    late = [
        waited_for(lambda one=one: late_finding(one), "the finding of a late confirmation") for one in earlier
    ]
    case = cases.case_open(findings=[late[0]], by=city, at=now())
    case = cases.case_assign(case=case, assignee=enforcement, by=city, at=now())
    cases.case_note(
        case=case, text="已调取签到位置和记录，运维机构承认当天未请确认人到场。", by=enforcement, at=now()
    )
    case.refresh_from_db()
    cases.case_close(case=case, conclusion="confirmed", responsible="agency", summary="当天未办理确认，情况属实。",
                     by=enforcement, at=now())  # fmt: skip
    return {
        "waiting": waiting.number, "second": second.number, "open": opened.number, "late": earlier[1].number,
        "task": str(task.pk), "case": case.number, "late_finding": late[1].number,
        "exceeded": f"{outlet('DA001').discharger.uscc}/DA001", "exceeded_from": f"{beijing(start):%Y-%m-%dT%H:%M}",
        **stations(), "mine": outlet("DA002").discharger.uscc, "foreign": outlet("DA002", "beitang-heat").discharger.uscc,
    }  # fmt: skip


def show() -> None:
    print(json.dumps(main()))
