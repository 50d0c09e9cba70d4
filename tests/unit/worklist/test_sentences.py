import re
import time
from string import Formatter

import pytest
from fastapi.testclient import TestClient

from service.storage.ledger.ledger import Ledger
from service.storage.store.memory import MemoryStore
from service.worklist.language import CATALOGUES, catalogue, read_catalogue
from service.worklist.sentences import LONGEST, say
from tests.unit.worklist import reading_room, spoken

CHINESE = {"Accept-Language": "zh-CN"}
SENTENCES = read_catalogue(CATALOGUES / "zh.sentences.po")


def test_the_catalogue_has_every_sentence_of_the_source_and_no_other() -> None:
    wanted = set(spoken.sentences()) - set(catalogue("zh")) | spoken.WORDS
    assert sorted(wanted - set(SENTENCES)) == []
    assert sorted(set(SENTENCES) - wanted) == []


def test_what_is_left_out_is_there() -> None:
    for name in (*spoken.HEARD, *spoken.HEARD_TOO, *spoken.NEVER_HEARD):
        assert (spoken.SERVICE / name).exists(), name


def test_every_value_is_told_once() -> None:
    for english, chinese in SENTENCES.items():
        count = english.count("{}")
        places = [place for _, place, _, _ in Formatter().parse(chinese) if place is not None]
        assert sorted(places) in ([""] * count, [str(n) for n in range(count)]), english
        if english[0] in " ,;" or english[-1] == " ":
            assert places == [""] * count, "what is added to another sentence keeps its order"


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("waiting for us-mass (rule breast-ultrasound)", "等待 us-mass（规则 breast-ultrasound）"),
        ("complete: 12 images, none new for 60 s", "完整：12 幅图像，60 s 内没有新图像"),
        (
            "all 4 images that the PACS has are here; waiting 5 s for anything further (rule mg)",
            "全部 4 幅PACS 中的图像已到达；再等待 5 s 看是否有后续（规则 mg）",
        ),
        (
            "us-mass: 3 of 4 images scored; not analysed: the image is blank; us-lesion: failed: "
            "out of memory",
            "us-mass：4 幅图像中 3 幅已评分；未分析：图像为空白；us-lesion：失败：out of memory",
        ),
        (
            "us-mass: not analysed because the header does not say that this is a breast or chest "
            "(BodyPartExamined is missing); let the scanner fill in Body Part Examined with BREAST or CHEST, "
            "give the protocol a name that says so, or set assume_body_part in the rule (2 images)",
            "us-mass：未分析，因为：头信息未表明这是breast或chest（缺少 BodyPartExamined）；请让设备在 "
            "Body Part Examined 中填写 BREAST或CHEST，为检查方案取一个能表明部位的名称，或在规则中设置 "
            "assume_body_part（2 幅图像）",
        ),
        (
            "no rule matches: rule us wants Modality = US, this study has MG and BodyPartExamined one of "
            "BREAST, CHEST, this study has no BodyPartExamined",
            "没有匹配的规则：规则 us 要求 Modality = US，此检查为 MG且BodyPartExamined 为 BREAST, CHEST "
            "之一，此检查为 没有 BodyPartExamined",
        ),
        (
            "5 objects delivered to pacs (proof: storage commitment), ris (proof: hl7 acknowledgement)",
            "5 个对象已送达 pacs（凭证：存储承诺），ris（凭证：HL7 确认）",
        ),
        (
            "pacs rejected 3 objects: the PACS rejected it: its log says why (status 0x0122)",
            "pacs 拒收了 3 个对象：PACS 拒收：其日志说明原因（状态 0x0122）",
        ),
        (
            "made urgent by somebody on the worklist page (from 10.1.2.3): us-mass moved to the urgent queue",
            "由 工作列表页面上的某人（来自 10.1.2.3） 设为紧急：us-mass 已移至紧急队列",
        ),
        (
            "2 pieces of work were given up and left to a person: `preread dead list` says what and why, "
            "`preread dead retry` tries it again",
            "2 项工作已放弃并留待人工处理：`preread dead list` 说明内容与原因，`preread dead retry` 重试",
        ),
        (
            "results are sent again once they have been delivered; now the study is queued: waiting for "
            "us-mass (rule us)",
            "结果送达后方可重新发送；检查目前为 排队中：等待 us-mass（规则 us）",
        ),
    ],
)
def test_a_sentence_is_told_with_its_values(english: str, chinese: str) -> None:
    assert say("zh", english) == chinese
    assert say("en", english) == english


@pytest.mark.parametrize(
    "unknown",
    [
        "",
        "one of them",
        "the toner is low, or the paper is out",
        "Traceback: list index out of range",
        "x" * (LONGEST + 1),
        "{0} {}",
    ],
)
def test_an_unknown_sentence_stays_as_it_is(unknown: str) -> None:
    assert say("zh", unknown) == unknown


def test_a_text_that_a_sender_has_made_long_takes_no_longer() -> None:
    text = "no rule matches: rule us wants Modality = US, this study has " + "a, " * 300
    began = time.monotonic()
    assert say("zh", text).startswith("没有匹配的规则：规则 us 要求 Modality = US，此检查为 a, a")
    assert time.monotonic() - began < 5


def test_no_reason_on_the_pages_is_left_in_english(
    client: TestClient, ledger: Ledger, store: MemoryStore
) -> None:
    seeds = reading_room.fill(ledger, store)
    reading_room.give_up(seeds["failed"], "its worker died, stalled or failed 3 times")
    for path in ("/", *(f"/studies/{seed.uid}" for seed in seeds.values())):
        page = client.get(path, headers=CHINESE).text
        reasons = re.findall(r'<span class="reason">([^<]+)</span>', page)
        assert reasons
        for reason in reasons:
            assert re.search("[\u4e00-\u9fff]", reason), reason


def test_an_error_is_told_in_the_readers_language(client: TestClient) -> None:
    page = client.get("/studies/1.2.3", headers=CHINESE)
    assert page.status_code == 404
    assert "此处未接收过检查 1.2.3 的图像" in page.text
    asked = client.get("/api/v1/studies/1.2.3/objects/1.dcm", headers=CHINESE)
    assert asked.json() == {"detail": "此检查没有该结果对象"}
    assert client.get("/api/v1/studies/1.2.3/objects/1.dcm").json()["detail"].startswith("this study")
