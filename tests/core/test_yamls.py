"""Our data files are read the same by the quick reader and the slow one."""

from pathlib import Path

import pytest
import yaml

import mingcha
from mingcha.core.yamls import load_yaml

FILES = sorted(Path(mingcha.__file__).parent.rglob("*.yaml"))


def test_every_data_file_reads_the_same_by_both_readers() -> None:
    assert len(FILES) > 10
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        assert load_yaml(text) == yaml.safe_load(text), path


def test_what_is_no_yaml_is_refused() -> None:
    with pytest.raises(yaml.YAMLError):
        load_yaml("a: [1, 2")


def test_nothing_but_plain_values_is_made() -> None:
    with pytest.raises(yaml.YAMLError):
        load_yaml("!!python/object/apply:os.getcwd []")
