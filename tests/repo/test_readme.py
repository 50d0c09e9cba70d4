import json
import re
from pathlib import Path

from service.config.load import load_settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
LINK = re.compile(r"\]\(([^)#:]+)\)")


def test_every_link_of_every_page_leads_somewhere() -> None:
    pages = [page for page in ROOT.rglob("*.md") if ".venv" not in page.parts and "build" not in page.parts]
    broken = [
        f"{page.name}: {link}"
        for page in pages
        for link in LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / link).exists()
    ]
    assert broken == []


def test_configuration_in_the_readme_can_be_used(tmp_path: Path) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "preread.toml").write_text("\n".join(blocks))
    settings = load_settings(tmp_path / "preread.toml")
    assert settings.rules[0].destinations == ("pacs",)
    assert settings.assemble.completeness[0].views.expected[0] == "R CC"


def test_figure_in_the_readme_is_the_measured_one() -> None:
    figures = json.loads((ROOT / "engines/classifiers/us-mass/figures-folds.json").read_text())
    auc = next(figure for figure in figures if figure["measure"] == "AUC, mean of folds")
    assert f"{auc['value']:.3f} ({auc['low']:.3f} to {auc['high']:.3f})" in README
