"""Every recipe of the documentation does what it says; `python -m tests.test_recipes` writes the results."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest

from bulk_import.api.form import decode
from bulk_import.jobs.importing import import_file
from bulk_import.journal import Journal
from bulk_import.models import Status
from bulk_import.run.folder import JOURNAL
from bulk_import.settings import Settings

RECIPES = Path(__file__).parent.parent / "docs" / "recipes.md"
_RECIPE = re.compile(
    r"^## (?P<title>.+?)\n.*?```csv\n(?P<csv>.*?)```\n```yaml\n(?P<yaml>.*?)```\n```result\n(?P<result>.*?)```$",
    re.DOTALL | re.MULTILINE,
)


def outcome_of(csv: str, mapping: str) -> str:
    """What becomes of each row, a line each."""
    with tempfile.TemporaryDirectory() as name:
        source, rules = Path(name) / "contacts.csv", Path(name) / "mapping.yml"
        source.write_text(csv, "utf-8")
        rules.write_text(mapping, "utf-8")
        run_dir = Path(name) / "run"
        import_file(source, rules, Settings(dry_run=True, run_dir=run_dir))
        with Journal.open(run_dir / JOURNAL) as journal:
            rows = list(journal.outcomes())
    lines = []
    for row in rows:
        if row.status is Status.NOT_SENT:
            form = decode(row.said.removeprefix("would be sent: ").encode())
            sent = " ".join(f"{name}={value!r}" for name, value in form)
            lines.append(f"row {row.row}: {sent}")
        else:
            lines.append(f"row {row.row}: {row.status}: {row.message}")
        lines += [f"  warning: {warning}" for warning in dict.fromkeys(row.warnings)]
    return "\n".join(lines) + "\n"


def recipes() -> list[re.Match[str]]:
    return list(_RECIPE.finditer(RECIPES.read_text("utf-8")))


def test_there_are_twenty_recipes_and_none_is_cut_short():
    text = RECIPES.read_text("utf-8")
    assert len(recipes()) == text.count("\n## ") >= 20


@pytest.mark.parametrize("recipe", recipes(), ids=lambda recipe: recipe["title"])
def test_a_recipe_does_what_it_says(recipe):
    assert outcome_of(recipe["csv"], recipe["yaml"]) == recipe["result"]


def write_results() -> None:
    """Put what becomes of the rows into the recipes; look at the difference before you commit it."""

    def written(recipe: re.Match[str]) -> str:
        head = recipe[0][: recipe.start("result") - recipe.start()]
        return f"{head}{outcome_of(recipe['csv'], recipe['yaml'])}```"

    RECIPES.write_text(_RECIPE.sub(written, RECIPES.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    write_results()
