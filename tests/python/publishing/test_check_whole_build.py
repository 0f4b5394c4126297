"""What counts as a whole build: the macro, given the project's graph, without building anything.

What is above `published_copy`, and what the selector `daily` takes, is asked of dbt itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest
from conftest import PROJECT, run_dbt

pytestmark = pytest.mark.slow
PUBLISHED_COPY = "model.music_box.published_copy"
PUBLISH, LEAVE = "set variable is_whole_build = True", "set variable is_whole_build = False"


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which dbt has read the project."""
    folder = tmp_path_factory.mktemp("parsed")
    assert run_dbt(folder / "raw_logs", folder, "parse").return_code == 0
    return folder


@pytest.fixture(scope="module")
def listed(parsed: Path) -> Callable[..., set[str]]:
    """Ids of the nodes that dbt would select."""

    def ids(*arguments: str) -> set[str]:
        found = run_dbt(
            parsed / "raw_logs", parsed,
            "--quiet", "ls", "--output", "json", "--output-keys", "unique_id", *arguments,
        )  # fmt: skip
        assert found.return_code == 0, found.output
        return {json.loads(line)["unique_id"] for line in found.output.splitlines()}

    return ids


@pytest.fixture(scope="module")
def nodes(parsed: Path) -> Any:
    """Models, seeds and data tests by id, as dbt's Jinja shows them."""
    content: dict[str, Any] = json.loads((parsed / "target" / "manifest.json").read_text("utf-8"))
    return content["nodes"]


@pytest.fixture(scope="module")
def everything(listed: Callable[..., set[str]]) -> set[str]:
    return listed()


@pytest.fixture(scope="module")
def answer(nodes: Any) -> Callable[..., tuple[str, list[str]]]:
    """What the macro answers, and its warnings, if these nodes are selected."""
    environment = jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=False)  # noqa: S701 - it makes SQL
    macro = environment.from_string((PROJECT / "macros/check_whole_build.sql").read_text("utf-8"))

    def ask(selected: Iterable[str], command: str = "build", **flags: Any) -> tuple[str, list[str]]:
        warnings: list[str] = []
        context = {
            "execute": True,
            "model": nodes[PUBLISHED_COPY],
            "graph": SimpleNamespace(nodes=nodes),
            "selected_resources": list(selected),
            "flags": SimpleNamespace(**{"WHICH": command, "EMPTY": False, "SAMPLE": None} | flags),
            "exceptions": SimpleNamespace(warn=warnings.append),
            "set": set,
        }
        return str(macro.make_module(context).check_whole_build()).strip(), warnings  # type: ignore[attr-defined]  # a macro is an attribute of its module

    return ask


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--exclude-resource-type", "unit_test"],
        ["--selector", "daily"],
        ["--select", "+published_copy"],
    ],
)
def test_a_whole_build_and_a_daily_one_publish(
    answer: Callable[..., tuple[str, list[str]]],
    listed: Callable[..., set[str]],
    arguments: list[str],
) -> None:
    assert answer(listed(*arguments)) == (PUBLISH, [])


@pytest.mark.parametrize(
    "arguments",
    [
        ["--select", "churn_risk_users+"],
        ["--exclude-resource-type", "test"],
        ["--selector", "training"],
    ],
)
def test_a_part_does_not(
    answer: Callable[..., tuple[str, list[str]]],
    listed: Callable[..., set[str]],
    arguments: list[str],
) -> None:
    variable, (warning,) = answer(listed(*arguments))
    assert variable == LEAVE
    assert "were left out" in warning
    assert "`dbt build`, or `dbt build --selector daily`" in warning


def test_whatever_is_left_out_is_noticed_and_named(
    answer: Callable[..., tuple[str, list[str]]],
    listed: Callable[..., set[str]],
    nodes: Any,
    everything: set[str],
) -> None:
    """Each node alone: models and seeds above, and the tests that can be answered from them."""
    above = (listed("--select", "+published_copy") & set(nodes)) - {PUBLISHED_COPY}
    daily = listed("--selector", "daily")
    # asks of a table of `training` as well
    allowed = {"assert_actions_every_scored_user_has_a_risk_row"}
    assert len(above & daily) > 200
    for unique_id in above:
        name = nodes[unique_id]["name"]
        variable, warnings = answer(everything - {unique_id})
        if unique_id in daily and name not in allowed:
            assert variable == LEAVE, name
            assert f"1 of the models and tests above it were left out: {name}." in warnings[0]
        else:
            assert variable == PUBLISH, name


def test_models_are_named_before_tests(
    answer: Callable[..., tuple[str, list[str]]], everything: set[str]
) -> None:
    _, (warning,) = answer(
        {name for name in everything if "user_features" not in name and "snapshots" not in name}
    )
    assert "were left out: int_snapshots, snapshots, user_features …." in warning


@pytest.mark.parametrize(
    ("command", "flags", "reason"),
    [
        ("run", {}, "`dbt run` runs no tests"),
        ("build", {"EMPTY": True}, "the tables hold no or few rows on purpose"),
        ("build", {"SAMPLE": "1 day"}, "the tables hold no or few rows on purpose"),
    ],
)
def test_other_commands_do_not_publish(
    answer: Callable[..., tuple[str, list[str]]],
    everything: set[str],
    command: str,
    flags: dict[str, Any],
    reason: str,
) -> None:
    variable, (warning,) = answer(everything, command, **flags)
    assert variable == LEAVE
    assert reason in warning


def test_a_retry_selects_nothing_and_does_not_publish(
    answer: Callable[..., tuple[str, list[str]]],
) -> None:
    variable, (warning,) = answer([])
    assert variable == LEAVE
    assert "were left out" in warning


def test_a_test_of_a_model_that_this_engine_does_not_have_is_not_missed(
    answer: Callable[..., tuple[str, list[str]]], nodes: Any, everything: set[str]
) -> None:
    """A first reading of the project leaves such tests in the graph, without what they ask of."""
    disabled = {"resource_type": "test", "name": "disabled", "unique_id": "test.disabled"}
    nodes["test.disabled"] = disabled | {"tags": [], "depends_on": {"nodes": []}}
    try:
        assert answer(everything - {"test.disabled"}) == (PUBLISH, [])
    finally:
        del nodes["test.disabled"]
