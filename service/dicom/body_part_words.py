"""Words for the breast, and for what is examined beside it, in free text of many languages."""

import re

_BREAST = re.compile(
    "|".join(
        (
            r"breasts?",
            r"mamma[es]?",
            r"mamma?(sono|ultra|ecogra|echogra|gra[fp])\w*",
            r"mammo\w*",
            r"mamogra\w*",
            r"brust|brüste|brust(ultra|sono)\w*",
            r"seins?",
            r"mamas?",
            r"seno",
            r"borst|borsten|bröst|bryst",
        )
    )
)
# 乳 alone also begins infant (乳児), mastoid (乳突) and nipple-like structures elsewhere.
_BREAST_CJK = re.compile(r"乳(?=[腺房癌部超]|がん|ガン|エコー|us|\W|$)")
# "seno" is also the Italian and Spanish sinus: seno paranasale, seno maxilar.
_SINUS = re.compile(r"seno\w* (paranas|maxil|mascell|front|esfen|sfen|etm|coron|caver|sag|carot|rena)\w*")

_OTHER = {
    "THYROID": re.compile(r"(?:^| )(thyr[eo]|schilddr|tiroi|tireoi)\w*|甲状"),
    "ABDOMEN": re.compile(
        r"(?:^| )(abd|abdom\w*|liver|leber|foie|hígado|higado|fegato|gall\w*|renal|kidney\w*)(?= |$)"
        "|[腹肝腎肾]"
    ),
    "PELVIS": re.compile(
        r"(?:^| )(pelvi[sc]|becken|pelvien\w*|uterus|ovar\w*|obstetric\w*|fetal|foetal)(?= |$)|子宫|子宮|胎"
    ),
    "HEART": re.compile(r"(?:^| )(heart|cardiac|herz|echocard\w*|coeur|cœur)(?= |$)|心[脏臓臟]"),
    "NECK": re.compile(r"(?:^| )(neck|carotis|carotid\w*|hals)(?= |$)|[颈頸]"),
    "TESTIS": re.compile(r"(?:^| )(testis|testes|testicular|scrot\w*|hoden)(?= |$)|睾|陰嚢|阴囊"),
}


def names_breast(free_text: str) -> bool:
    """Whether one of the words means the breast. Parts of words do not count: Brustkorb is the chest."""
    words = _words(free_text)
    without_sinus = _SINUS.sub("", " ".join(words))
    return any(_BREAST.fullmatch(word) for word in without_sinus.split()) or bool(
        _BREAST_CJK.search(free_text.casefold())
    )


def other_body_part(free_text: str) -> str:
    """A body part, other than the breast, that the words name, in capitals; empty where they name none.

    Only such as are examined on the same machines, often in the same study.
    """
    joined = " ".join(_words(free_text))
    return next((name for name, pattern in _OTHER.items() if pattern.search(joined)), "")


def _words(free_text: str) -> list[str]:
    """Words in small letters; everything but letters and digits parts them, underscores too."""
    return re.findall(r"[^\W_]+", free_text.casefold())
