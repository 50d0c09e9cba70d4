import json

from service.study.result import AnalysisResult, ImageRefusal, Lesion
from tests.factories import result, score


def test_result_survives_json() -> None:
    assert AnalysisResult.from_json(json.loads(json.dumps(result().to_json()))) == result()


def test_a_lesion_survives_json_and_an_older_result_has_none() -> None:
    found = result(scores=(score(finds_lesions=True, lesion=Lesion(((1.0, 2.0), (3.5, 4.0)), 12.5, None)),))
    body = json.loads(json.dumps(found.to_json()))
    assert AnalysisResult.from_json(body) == found
    for image in body["scores"]:
        del image["finds_lesions"], image["lesion"]
    (older,) = AnalysisResult.from_json(body).scores
    assert (older.finds_lesions, older.lesion) == (False, None)


def test_most_suspicious_image_speaks_for_its_side_and_for_the_study() -> None:
    low, high = score(probability=0.1, laterality="R"), score(probability=0.6)
    found = result(scores=(low, score(probability=0.2), high))
    assert found.most_suspicious == high
    assert found.by_side() == {"L": high, "R": low}


def test_refusals_are_told_once_with_their_number() -> None:
    refusals = (*(ImageRefusal(f"1.{n}", "no pixels") for n in range(3)), ImageRefusal("1.9", "other"))
    assert result(refusals=refusals).refusal_summary() == "no pixels (3 images); other"
