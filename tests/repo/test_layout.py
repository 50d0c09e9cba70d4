from pathlib import Path

ROOT = Path(__file__).parents[2]
STAGES = ["accept", "assemble", "enqueue", "infer", "report", "send"]
BESIDE = [
    "access",
    "cli",
    "config",
    "decisions",
    "dicom",
    "fetch",
    "net",
    "perform",
    "recover",
    "storage",
    "study",
    "telemetry",
    "wiring",
    "worklist",
]
TOP_LEVEL = {
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "deploy",
    "docker",
    "engines",
    "pyproject.toml",
    "service",
    "tests",
}
MADE_BY_TOOLS = {".git", ".venv", "build"}


def folders(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.iterdir() if entry.is_dir() and entry.name[0] not in "_.")


def test_listing_of_stages_is_the_path_of_a_study() -> None:
    found = folders(ROOT / "service")
    assert [name for name in found if name in STAGES] == STAGES
    assert sorted(set(found) - set(STAGES)) == BESIDE


def test_top_level_is_fixed() -> None:
    found = {entry.name for entry in ROOT.iterdir()} - MADE_BY_TOOLS
    kept = {name for name in found if not name.endswith(("_cache", ".egg-info"))} - {".hypothesis"}
    assert kept <= TOP_LEVEL


def test_files_stay_small() -> None:
    sources = [*(ROOT / "service").rglob("*.py"), *(ROOT / "engines").rglob("*.py")]
    long = {
        str(path.relative_to(ROOT)): lines
        for path in sources
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 300
    }
    assert long == {}
