"""What holds of the project's files as they stand: YAML, descriptions, contracts, lock file."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

import dbt.jsonschemas
import jsonschema
import pytest
import yaml
from conftest import PROJECT, Warehouse, run_dbt

SCHEMAS = Path(dbt.jsonschemas.__file__).parent
PROPERTIES = sorted(
    path.relative_to(PROJECT)
    for folder in ("models", "python_models", "seeds", "macros", "tests")
    for path in (PROJECT / folder).rglob("*.yml")
)
PYTHON_MODELS = sorted(
    path.relative_to(PROJECT)
    for path in (PROJECT / "python_models").rglob("*.py")
    if "music_box" not in path.relative_to(PROJECT).parts
)
# sqlfluff sees what a definition renders to, which is nothing, and passes over its text.
DEFINITIONS = sorted(
    path.relative_to(PROJECT)
    for folder in ("macros", "tests/generic")
    for path in (PROJECT / folder).glob("*.sql")
)
REPORT_PAGE = PROJECT / "python_models/music_box/report_page"
PUBLISHED_COPY = PROJECT / "python_models/published/published_copy.py"
# A table says what a row of it is; one with a single row says that.
GRAIN = re.compile(r"\bOne row( per |; no key)")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("parsed")
    parsed = run_dbt(folder / "raw_logs", folder, "parse")
    assert parsed.return_code == 0, parsed.output
    content: dict[str, Any] = json.loads((folder / "target" / "manifest.json").read_text("utf-8"))
    return content


def nodes(manifest: dict[str, Any], *resource_types: str) -> list[dict[str, Any]]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] in resource_types]


def public_models(manifest: dict[str, Any]) -> set[str]:
    return {node["name"] for node in nodes(manifest, "model") if node["access"] == "public"}


def public_tables_of(exposure: dict[str, Any], manifest: dict[str, Any]) -> set[str]:
    """Names of public models that it reads itself; metrics read others."""
    read = [manifest["nodes"].get(node, {}) for node in exposure["depends_on"]["nodes"]]
    return {node["name"] for node in read if node.get("access") == "public"}


@functools.cache
def validator_of(schema: str) -> jsonschema.protocols.Validator:
    rules = json.loads((SCHEMAS / schema / "latest.json").read_text("utf-8"))
    return jsonschema.validators.validator_for(rules)(rules)


def schema_errors(path: Path, schema: str) -> list[str]:
    """Messages of dbt's own JSON schema, which dbt itself does not ask on DuckDB."""
    content = yaml.safe_load((PROJECT / path).read_text("utf-8"))
    validator = validator_of(schema)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(content)]


def test_dbt_project_file_fits_the_schema_of_dbt() -> None:
    assert schema_errors(Path("dbt_project.yml"), "project") == []


@pytest.mark.parametrize("path", PROPERTIES, ids=str)
def test_properties_file_fits_the_schema_of_dbt(path: Path) -> None:
    assert schema_errors(path, "resources") == []


def test_published_tables_are_the_public_models(manifest: dict[str, Any]) -> None:
    pairs = re.findall(r'"(\w+)": dbt\.ref\("(\w+)"\)', PUBLISHED_COPY.read_text("utf-8"))
    assert [name for name, _ in pairs] == [reference for _, reference in pairs]
    assert {name for name, _ in pairs} == public_models(manifest)


def test_exposures_say_who_reads_what_and_whom_to_ask(manifest: dict[str, Any]) -> None:
    for name, exposure in ((node["name"], node) for node in manifest["exposures"].values()):
        assert exposure["owner"]["name"], name
        assert re.fullmatch(r"[^@\s]+@[^@\s]+", exposure["owner"]["email"] or ""), name
        assert exposure["label"] and exposure["description"].strip(), name
        assert public_tables_of(exposure, manifest), name
        consumers = exposure["config"]["meta"]["consumers"]
        description = " ".join(exposure["description"].split())
        # what for stands in the description, which dbt docs shows whole
        assert consumers, name
        assert [who for who in consumers if who.lower() not in description.lower()] == [], name


def test_every_public_model_is_read_by_somebody(manifest: dict[str, Any]) -> None:
    exposures = manifest["exposures"].values()
    read = set().union(*(public_tables_of(exposure, manifest) for exposure in exposures))
    assert read == public_models(manifest)


def test_report_page_is_an_exposure_of_the_tables_that_it_names(manifest: dict[str, Any]) -> None:
    (exposure,) = (node for node in manifest["exposures"].values() if node["name"] == "report_page")
    source = "\n".join(path.read_text("utf-8") for path in REPORT_PAGE.glob("*.py"))
    schemas = "features|recommendations|churn|reports"
    read = set(re.findall(rf"\b(?:from|join) (?:{schemas})\.(\w+)", source))
    told = set(re.findall(r'"(\w+)"', "".join(re.findall(r"sources=\[([^\]]*)\]", source))))
    assert told <= read == public_tables_of(exposure, manifest)


def test_exposures_lead_to_a_section_of_the_report_page(manifest: dict[str, Any]) -> None:
    """A module of the page is a section, and its name is the section's place."""
    sections = {path.stem for path in REPORT_PAGE.glob("*.py")}
    urls = {node["name"]: node["url"] for node in manifest["exposures"].values() if node["url"]}
    assert urls.pop("report_page") == "../report/index.html"
    for name, url in urls.items():
        page, _, section = url.partition("#")
        assert page == "../report/index.html" and section in sections, name
    dashboards = {
        node["name"] for node in manifest["exposures"].values() if node["type"] == "dashboard"
    }
    assert dashboards - {"report_page"} <= set(urls)


def test_overview_leads_to_models_that_exist(manifest: dict[str, Any]) -> None:
    overview = manifest["docs"]["doc.music_box.__overview__"]["block_contents"]
    links = set(re.findall(r"#!/model/([\w.]+)", overview))
    assert links and links <= set(manifest["nodes"])
    assert "(../report/index.html)" in overview


def test_public_models_have_an_enforced_contract(manifest: dict[str, Any]) -> None:
    loose = [
        node["name"]
        for node in nodes(manifest, "model")
        if node["access"] == "public" and not node["config"]["contract"]["enforced"]
    ]
    assert loose == []


def test_every_table_says_what_a_row_is(manifest: dict[str, Any]) -> None:
    silent = [
        node["name"]
        for node in nodes(manifest, "model", "seed")
        if not GRAIN.search(" ".join(node["description"].split()))
    ]
    assert silent == []


def test_every_named_column_is_described(manifest: dict[str, Any]) -> None:
    silent = [
        f"{node['name']}.{column['name']}"
        for node in nodes(manifest, "model", "seed")
        for column in node["columns"].values()
        if not column["description"].strip()
    ]
    assert silent == []


def test_every_column_that_is_built_is_described(
    generated_warehouse: tuple[Path, Warehouse],
) -> None:
    """The working database carries the descriptions: none is missing there, also of views."""
    _, warehouse = generated_warehouse
    silent = warehouse.rows(
        """
        select table_name, column_name from duckdb_columns()
        where not internal and database_name = current_database() and comment is null
        """
    )
    assert silent == []


def test_ratios_stand_beside_their_model_not_under_it() -> None:
    """Partial parsing forgets to remove one from under a model, and then finds it twice."""
    under_models = [
        metric["name"]
        for path in PROPERTIES
        for model in yaml.safe_load((PROJECT / path).read_text("utf-8")).get("models", [])
        for metric in model.get("metrics", [])
        if metric["type"] != "simple"
    ]
    assert under_models == []


def test_metricflow_finds_what_dbt_writes() -> None:
    """`mf` reads `target/` whatever dbt's target path is, so that must lead there."""
    settings = (PROJECT / ".env").read_text("utf-8").splitlines()
    assert f"DBT_TARGET_PATH={(PROJECT / 'target').readlink()}" in settings


@pytest.mark.parametrize("path", PYTHON_MODELS, ids=str)
def test_python_models_are_thin(path: Path) -> None:
    """What a model computes belongs into the package, where it can be tested without dbt."""
    lines = (PROJECT / path).read_text("utf-8").splitlines()
    assert len([line for line in lines if "dbt.ref(" not in line]) <= 40


@pytest.mark.parametrize("path", DEFINITIONS, ids=str)
def test_definitions_keep_to_the_width_of_models(path: Path) -> None:
    content = (PROJECT / path).read_text("utf-8")
    lines = content.splitlines()
    assert [line for line in lines if len(line) > 88 or line != line.rstrip()] == []
    assert content.endswith("\n")


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-spark.lock"])
def test_lock_file_names_packages_and_no_place_to_get_them(name: str) -> None:
    """A host in the lock file is one that the next person may not reach, or should not."""
    lines = (PROJECT / name).read_text("utf-8").splitlines()
    assert [line for line in lines if re.search(r"://|@|\.(com|org|net|io)\b", line)] == []
    pinned = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    assert [line for line in pinned if not re.match(r"[A-Za-z0-9._-]+==\S+( ;.*)?$", line)] == []


@pytest.mark.parametrize(
    "path", sorted((PROJECT / "macros/engines").glob("*.sql")), ids=lambda path: path.stem
)
def test_what_engines_do_differently_is_said_for_each(path: Path) -> None:
    found = set(re.findall(r"macro (\w+)\(", path.read_text("utf-8")))
    name = path.stem
    if "adapter.dispatch" in path.read_text("utf-8"):
        assert found == {name, f"duckdb__{name}", f"spark__{name}"}
    else:
        assert found == {name}
    documented = yaml.safe_load((PROJECT / "macros/_macros.yml").read_text("utf-8"))["macros"]
    assert name in {macro["name"] for macro in documented}


def test_no_model_names_an_engine() -> None:
    models = [*(PROJECT / "models").rglob("*.sql"), *(PROJECT / path for path in PYTHON_MODELS)]
    naming = [path for path in models if re.search("(?i)duckdb|spark", path.read_text("utf-8"))]
    assert [path.name for path in naming] == ["distributed_als_lists.py"]


def test_descriptions_stand_alone(manifest: dict[str, Any]) -> None:
    """BI tools show the comment of a column without those of its neighbours."""
    leaning = re.compile(
        r"(?i)^(it|its|they|their|them|he|his|she|her|this|these|those|\.\.\.|…)\b"
    )
    of_one_sex = re.compile(r"(?i)\b(he|him|his|himself|she|her|herself)\b")
    described = [
        node
        for node in [*nodes(manifest, "model", "seed"), *manifest["sources"].values()]
        if node["package_name"] == "music_box"
    ]
    said = [
        (node["name"], name, text)
        for node in described
        for name, text in [
            ("", node["description"]),
            *((column["name"], column["description"]) for column in node["columns"].values()),
        ]
    ]
    assert [line for line in said if leaning.search(line[2]) or of_one_sex.search(line[2])] == []
