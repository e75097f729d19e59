"""The examples of docs/operations.md: run by the programs that they are for, and read by ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from ruamel.yaml import YAML

from bulk_import.cli import cli
from bulk_import.sandbox.app import DEFAULT_KEY
from tests.children import Served

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "docs" / "examples"
# Each has dozens of dependencies of its own, so each has an environment of its own: .ci/run makes them.
ORCHESTRATORS = Path(os.environ.get("ORCHESTRATORS", ROOT / "build" / "orchestrators"))


def containers(text: str) -> Iterator[dict[str, Any]]:
    for document in YAML(typ="safe").load_all(text):
        found = [document]
        while found:
            value = found.pop()
            if isinstance(value, dict):
                yield from value.get("containers", ())
                found += value.values()
            elif isinstance(value, list):
                found += value


def fenced(language: str) -> list[str]:
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    return [part.split("```")[0] for part in page.split(f"```{language}\n")[1:]]


@pytest.mark.parametrize(
    "text", [(EXAMPLES / "kubernetes.yaml").read_text("utf-8"), *fenced("yaml")], ids=["fleet", "night"]
)  # fmt: skip
def test_what_kubernetes_is_told_to_run_is_understood(text):
    args = [container["args"] for container in containers(text) if "args" in container]
    assert args
    for name, *rest in args:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        command.make_context(name, [*rest])  # raises what a user would be told


def documents(text: str) -> dict[str, Any]:
    """Return the documents of a manifest by their kind."""
    found = list(YAML(typ="safe").load_all(text))
    assert all(document["apiVersion"] and document["metadata"]["name"] for document in found)
    return {document["kind"]: document["spec"] for document in found}


@pytest.mark.parametrize(
    "text", [(EXAMPLES / "kubernetes.yaml").read_text("utf-8"), *fenced("yaml")], ids=["fleet", "night"]
)  # fmt: skip
def test_a_job_on_kubernetes_never_overlaps_and_is_repeated_by_nobody(text):
    """Two nights at once, or a pod that is started again, would not know of each other."""
    spec = documents(text)["CronJob"]
    job = spec["jobTemplate"]["spec"]
    pod = job["template"]["spec"]
    assert (spec["concurrencyPolicy"], job["backoffLimit"], pod["restartPolicy"]) == (
        "Forbid", 0, "Never",
    )  # fmt: skip
    assert pod["securityContext"]["runAsNonRoot"]
    mounted = {mount["name"] for one in pod["containers"] for mount in one["volumeMounts"]}
    kept = {volume["name"] for volume in pod["volumes"] if "persistentVolumeClaim" in volume}
    assert mounted <= kept


def test_the_cluster_on_kubernetes_keeps_journals_on_volumes_of_their_own():
    kinds = documents((EXAMPLES / "kubernetes.yaml").read_text("utf-8"))
    workers = kinds["StatefulSet"]
    (claim,) = workers["volumeClaimTemplates"]
    assert claim["spec"]["accessModes"] == ["ReadWriteOncePod"]
    labels = workers["template"]["metadata"]["labels"]
    assert workers["selector"]["matchLabels"].items() <= labels.items()
    (worker,) = workers["template"]["spec"]["containers"]
    assert {mount["name"] for mount in worker["volumeMounts"]} == {claim["metadata"]["name"]}
    (job,) = kinds["CronJob"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    home = job["args"][job["args"].index("--home") + 1]
    assert home.startswith(f"{worker['volumeMounts'][0]['mountPath']}/")
    address = f"{kinds['Service']['ports'][0]['port']}"
    assert all(
        f"tcp://contacts-scheduler:{address}" in words for words in (worker["command"], job["args"])
    )


def test_the_image_runs_as_a_user_without_rights_and_asks_a_command_how_it_is():
    """A cluster that demands `runAsNonRoot` reads numbers alone."""
    lines = [
        line.split(maxsplit=1)
        for line in (ROOT / "Dockerfile").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    told = dict(line for line in lines if len(line) == 2)
    assert told["USER"].isdigit()
    assert f"--uid {told['USER']}" in next(line[1] for line in lines if "useradd" in line[-1])
    probe = json.loads(told["HEALTHCHECK"].partition("CMD ")[2])
    assert json.loads(told["ENTRYPOINT"]) == probe[:1]
    command = cli.get_command(click.Context(cli), probe[1])
    assert command is not None
    command.make_context(probe[1], probe[2:])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "export.csv").write_text("E-mail,Name\na@example.org,Ann\nb@example.org,Bob\n")
    (tmp_path / "mapping.yml").write_text(
        "version: 1\nfields: {lead_email: E-mail, lead_first_name: Name}\n"
    )
    return tmp_path


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path) as server:
        yield server


def orchestrated(
    name: str, *args: str | Path, home: Path, served: Served
) -> subprocess.CompletedProcess[str]:
    """Run Python in the environment of an orchestrator, with our command on its path."""
    python = ORCHESTRATORS / name / "bin" / "python"
    if not python.exists():
        pytest.skip(f"{name} is not installed in {ORCHESTRATORS}")
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "CONTACTS_HOME": str(home),
        "DAGSTER_HOME": str(home),
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(EXAMPLES),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "INFLUENCERSOFT_API_KEY": DEFAULT_KEY,
        "INFLUENCERSOFT_ENDPOINT": served.url,
    }
    return subprocess.run(
        [python, *map(str, args)], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_dagster_asset_sends_the_contacts_and_tells_the_counts(home, served):
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    arguments = (
        "asset",
        "materialize",
        "-f",
        EXAMPLES / "dagster_contacts.py",
        "--select",
        "contacts",
    )
    done = orchestrated("dagster", "-m", "dagster", *arguments, home=home, served=served)
    assert done.returncode == 0, done.stderr[-2000:]
    assert sorted(request.email for request in served.sent()) == ["a@example.org", "b@example.org"]

    (home / "mapping.yml").write_text("version: 2\n")
    done = orchestrated("dagster", "-m", "dagster", *arguments, home=home, served=served)
    assert done.returncode != 0
    assert "bulk-import ended with exit code 2" in done.stdout + done.stderr


_DAG = """
import json, runpy
contacts = runpy.run_path({path!r})["dag_object"]
run = contacts.test()
(task,) = run.get_task_instances()
print("COUNTS", json.dumps(task.xcom_pull(task_ids="sync")))
assert run.state == "success", run.state
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_airflow_task_sends_the_contacts_and_returns_the_counts(home, served):
    migrated = orchestrated("airflow", "-m", "airflow", "db", "migrate", home=home, served=served)
    assert migrated.returncode == 0, migrated.stderr[-2000:]
    code = _DAG.format(path=str(EXAMPLES / "airflow_contacts.py"))
    done = orchestrated("airflow", "-c", code, home=home, served=served)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("COUNTS ")]
    counts = json.loads(line.removeprefix("COUNTS "))
    assert {name: number for name, number in counts.items() if number} == {"success": 2}
    assert sorted(request.email for request in served.sent()) == ["a@example.org", "b@example.org"]
