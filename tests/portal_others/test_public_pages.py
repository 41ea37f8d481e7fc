"""The public pages come out of immutable snapshots, light, without cookies and without script."""

import csv
import gzip
import io
import re

from django.utils.translation import override
from portal_world import NOX, uscc

from mingcha.apps.disclosure.selectors import snapshot_versions
from mingcha.portals.public.outlets import page as public_page

OUTLET = f"/outlets/{uscc(1)}/DA001/"


def test_the_page_says_the_state_the_limits_the_marks_the_revisions_and_the_digest(region, as_person):
    text = as_person(None).get(OUTLET).content.decode()
    snapshot = snapshot_versions(uscc(1), "DA001").first()
    for said in (
        "数据未经审核，可能修订",
        "GB 13223-2011",
        "停运",
        "1 处修订",
        "1 小时超标",
        snapshot.digest,
        "清源环境运维有限公司",
    ):
        assert said in text, said
    assert "造假" not in text


def test_an_older_version_stays_as_it_was_and_says_that_it_is_old(region, as_person):
    old = as_person(None).get(OUTLET + "versions/1/").content.decode()
    assert "已有更新的版本" in old
    assert "处修订" not in old


def test_what_is_downloaded_is_what_was_published(region, as_person):
    browser = as_person(None)
    snapshot = snapshot_versions(uscc(1), "DA001").first()
    body = browser.get(OUTLET + "versions/2/data.json").json()
    assert (body["content"], body["digest"]) == (snapshot.content, snapshot.digest)
    text = browser.get(OUTLET + "versions/2/data.csv").content.decode("utf-8-sig")
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["factor"] == NOX]
    assert len(rows) == 24
    assert [row["verdict"] for row in rows].count("超标") == 1


def test_no_cookie_is_set_and_nothing_comes_from_elsewhere(region, as_person):
    for address in ("/", OUTLET, OUTLET + "versions/", "/agencies/"):
        response = as_person(None).get(address)
        sources = re.findall(r'(?:src|href|action)="(https?:)?//', response.content.decode())
        assert sources == []
        assert set(response.cookies) <= {"csrftoken"}


def test_the_page_itself_is_light(region, as_person):
    assert len(gzip.compress(as_person(None).get(OUTLET).content)) < 40_000


def test_what_was_never_published_is_not_found(region, as_person):
    browser = as_person(None)
    for address in (
        f"/outlets/{uscc(2, '310115')}/DW001/",
        "/outlets/x/y/",
        OUTLET + "versions/99/",
        OUTLET + "versions/99/data.csv",
    ):
        assert browser.get(address).status_code == 404, address


def test_a_search_finds_by_name_code_and_district_and_says_when_nothing_fits(region, as_person):
    browser = as_person(None)
    for query in ("q=热电", "q=da001", f"q={uscc(1)}", "district=310101", "medium=gas"):
        assert "沪东热电" in browser.get("/?" + query).content.decode(), query
    assert "没有符合的排放口" in browser.get("/?q=不存在").content.decode()
    assert browser.get("/?district=nowhere").status_code == 200


def test_missing_data_are_never_a_pass_in_the_sentence():
    gap = {"start": "2026-11-23T14:00+08:00", "code": "C", "code_zh": "校准", "code_en": "calibration", "value": None,
           "verdict": "not_judged", "verdict_zh": "未判定（因校准）"}  # fmt: skip
    met = gap | {"code": "N", "code_zh": "正常", "value": "50", "verdict": "met", "verdict_zh": "达标"}
    free = gap | {"verdict": "no_limit", "verdict_zh": "无小时限值"}
    content = {"factors": [{"hours": [met]}, {"hours": [gap]}, {"hours": [free]}]}
    with override("zh-hans"):
        assert public_page.sentence(content) == "11月23日 14 时：1 项达标；1 项未判定（校准）"
    assert public_page.state(content) == "not_judged"


def test_the_picture_never_draws_over_a_gap():
    hours = [
        {
            "value": value,
            "code": "N" if value else "F",
            "code_zh": "停运",
            "code_en": "stopped",
            "verdict": "met",
        }
        for value in ("10", None, None, "20")
    ]
    factor = {
        "code": NOX,
        "name_zh": "",
        "name_en": "",
        "unit": "",
        "limit": None,
        "hours": hours,
        "revised": 0,
    }
    [row] = public_page.rows({"factors": [factor]})
    assert len(row.picture.bars) == 2
    assert [(x, width) for x, width, _, _ in row.picture.gaps] == [(120.0, 240.0)]


def test_the_language_changes_and_the_address_stays(region, as_person):
    browser = as_person(None)
    answer = browser.post("/language/", {"language": "en", "next": OUTLET})
    assert answer.headers["Location"] == OUTLET
    text = browser.get(OUTLET).content.decode()
    assert '<html lang="en"' in text
    assert "Nitrogen oxides" in text or "NOx" in text
