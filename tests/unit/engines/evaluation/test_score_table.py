from pathlib import Path

import pytest

from engines.errors import DataError
from engines.evaluation.evaluate import compare_table
from engines.evaluation.figures import find, read_figures
from engines.evaluation.score_table import read_score_table

TABLE = """image,patient,label,network,Junior,Senior,group: site
1,A,malignant,0.9,4B,5,North
2,A,malignant,0.4,3,4A,North
3,B,benign,0.2,4A,3,South
4,C,0,0.1,2,2,South
5,D,1,0.8,5,4C,South
6,E,benign,0.6,3,3,North
"""


def table(folder: Path, text: str = TABLE) -> Path:
    path = folder / "readers.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_columns_are_sides_with_thresholds_of_their_kind(tmp_path: Path) -> None:
    cases, sides = read_score_table(table(tmp_path), {})
    assert cases.labels.tolist() == [1, 1, 0, 0, 1, 0]
    assert cases.groups == {"site": ["North", "North", "South", "South", "South", "North"]}
    assert [(side.name, side.threshold, side.is_probability) for side in sides] == [
        ("network", 0.5, True),
        ("Junior", 4.0, False),
        ("Senior", 4.0, False),
    ]
    assert sides[1].positive.tolist() == [True, False, True, False, True, False]
    assert sides[2].scores.tolist() == [5.0, 4.0, 3.0, 2.0, 4.6, 3.0]


def test_a_threshold_can_be_given(tmp_path: Path) -> None:
    _, sides = read_score_table(table(tmp_path), {"network": 0.7})
    assert sides[0].positive.tolist() == [True, False, False, False, True, False]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("patient", "person", "no column 'patient'"),
        ("malignant,0.9", "cancer,0.9", "line 2: label 'cancer' is neither"),
        ("0.2", "low", "line 4: network is 'LOW', which is no number"),
        ("0.9", "17", "network in .* is no probability: say from which score"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(tmp_path: Path, old: str, new: str, why: str) -> None:
    with pytest.raises(DataError, match=why):
        read_score_table(table(tmp_path, TABLE.replace(old, new, 1)), {})


def test_a_threshold_of_nobody_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match="no scores of \\['Junor'\\]; its sides are: \\['network', 'Junior', 'Senior'\\]"
    ):
        read_score_table(table(tmp_path), {"Junor": 3.0})


def test_a_report_compares_each_with_the_first(tmp_path: Path) -> None:
    rows = [
        f"{i},{i // 2},{'malignant' if i % 3 == 0 else 'benign'},{0.9 - 0.02 * (i % 17)},{2 + i % 4}"
        for i in range(120)
    ]
    path = table(tmp_path, "\n".join(["image,patient,label,network,<b>Reader</b>", *rows]))
    evaluation = compare_table(path, {}, tmp_path / "results")
    assert [one.side for one in evaluation.comparisons] == ["<b>Reader</b>"]
    figures = read_figures(tmp_path / "results" / "compare-readers.json")
    assert find(figures, "<b>Reader</b>: accuracy").low is not None
    page = (tmp_path / "results" / "compare-readers.html").read_text()
    assert page.count("<svg") == 4
    assert "Compared with network" in page
    assert "RESEARCH USE" in page
    assert "&lt;b&gt;Reader" in page
    assert "<b>Reader" not in page.split("<svg")[0]  # a name from a file is no markup
