"""The sentences in the source that pages show: what the catalogue of sentences must have."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from service.storage.ledger.tables.deliveries import DeliveryState
from service.study.assessment import Verdict
from service.study.model import Priority
from service.study.state import AnalysisState, StudyState

SERVICE = Path(__file__).parents[3] / "service"
HEARD = ("study", "storage", "assemble", "enqueue", "infer", "send", "net", "fetch", "dicom", "worklist")
"""Packages whose sentences come to pages: as reasons, details, notices, and answers to who asks."""
HEARD_TOO = (
    "perform/desk.py",
    "recover/settling.py",
    "access/person.py",
    "accept/instance/space.py",
    "report/assessor.py",
    "report/entry.py",
    "report/gate.py",
    "report/images/heatmap.py",
    "report/iod.py",
    "report/objects.py",
    "report/reporter.py",
    "wiring/accept.py",
    "wiring/classifiers.py",
    "wiring/space.py",
    "../engines/refusal.py",
    "../engines/preprocess.py",
)
NEVER_HEARD = {
    "storage/ledger/schema/indexes.py": "SQL",
    "storage/ledger/questions/examine.py": "the output of a command",
    "storage/ledger/backup.py": "the output of a command",
    "net/reach.py": "the output of a command",
    "net/own_certificate.py": "the output of a command",
    "enqueue/rabbitmq/examine.py": "the output of a command",
    "dicom/decoder/process.py": "the log",
    "dicom/body_part_words.py": "what is looked for in headers",
    "dicom/charset.py": "terms of the standard",
    "dicom/dump.py": "the output of a command",
    "dicom/file_head.py": "answers to senders",
    "dicom/identity.py": "answers to senders",
    "dicom/inflate.py": "answers to senders",
    "dicom/keyword.py": "terms of the standard",
    "dicom/mammography.py": "terms of the standard",
    "enqueue/rabbitmq/declare.py": "a start that fails",
    "fetch/query.py": "the output of a command",
    "fetch/spooled.py": "the output of a command",
    "net/multipart.py": "answers to senders",
    "net/server_tls.py": "the log",
    "net/tls.py": "a start that fails",
    "net/web_server.py": "a start that fails",
    "send/stow.py": "the output of a command",
    "send/submit.py": "the output of a command",
    "storage/ledger/schema/columns.py": "a mistake of ours",
    "storage/store/keys.py": "a mistake of ours",
    "storage/store/memory.py": "a store of tests",
    "storage/ledger/schema/migrate.py": "SQL",
    "storage/ledger/schema/migrations": "SQL",
    "storage/store/quarantine_key.py": "the output of a command",
    "storage/ledger/steps/receive.py": "answers to senders",
    "storage/ledger/schema/tables.py": "SQL",
    "storage/ledger/questions/search.py": "SQL",
    "study/procedure_step.py": "terms of the standard",
    "study/search.py": "a mistake of ours",
    "worklist/answers.py": "the description of the API",
    "worklist/client": "answers to programs",
    "worklist/description.py": "the description of the API",
    "worklist/dicomweb": "answers to programs",
    "worklist/headers.py": "headers of HTTP",
    "worklist/listing.py": "the description of the API",
    "worklist/rendering.py": "in the catalogue of words",
    "worklist/wording.py": "in the catalogue of words",
    "worklist/icons.py": "drawings",
}
SILENT = {
    "EmbeddedDelivery | None",
    "preread consumer",
    "SET plan_cache_mode = force_custom_plan",
    "preread dead letters",
    "preread quarantine show {}",
    "preread publisher",
    "state of sign-in {}",
    '"cache", "storage"',
    'attachment; filename="{}"',
    "event: {}\ndata: {}\n\n",
    "private, no-cache",
    "Bearer {}",
    "make room",
    "the worklist",
    "needs {}",
    "a token in a page",
    'attachment; filename="preread-{}.log"',
    "A line for each entry",
    "{}Z {} revision {} {}: {}",
    "# Preread, study {}, no patient data",
    "none of the groups that may",
    "the account is disabled",
    "wrong name or password",
}
"""Texts of these files that are no sentences, or are for the log and the audit trail."""
_CALLS = {"compile", "text", "getLogger", "HTTPBearer", "FastAPI", "PragmaError", "Thread", "start", "Column"}
"""What is called with text that nobody reads."""
_VALUE = re.compile(r"\{[^{}]*\}")
_WORD = re.compile(r"[A-Za-z][a-z']+")


WORDS = {*StudyState, *AnalysisState, *DeliveryState, *Verdict, *Priority, "early", "none", "query", "stored"}
"""What is put into sentences and is one word."""


def sentences() -> dict[str, str]:
    """By sentence, with {} for each value, the file that it stands in."""
    found: dict[str, str] = {}
    for path in _files():
        for text in _spoken(ast.parse(path.read_text(encoding="utf-8"))):
            sentence = _VALUE.sub("{}", text)
            if sentence not in SILENT and "application/dicom" not in sentence:
                found.setdefault(sentence, str(path.relative_to(SERVICE.parent)))
    return found


def _files() -> Iterator[Path]:
    for package in HEARD:
        yield from (path for path in sorted((SERVICE / package).rglob("*.py")) if not _is_never_heard(path))
    yield from ((SERVICE / name).resolve() for name in HEARD_TOO)


def _is_never_heard(path: Path) -> bool:
    return any(path == SERVICE / name or (SERVICE / name) in path.parents for name in NEVER_HEARD)


def _spoken(node: ast.AST) -> Iterator[str]:
    """Every text below `node` that holds words, but for what is documentation, a type, or a log entry."""
    for child in ast.iter_child_nodes(node):
        if _is_silent(node, child):
            continue
        if isinstance(child, ast.Constant | ast.JoinedStr) and _has_words(_text(child)):
            yield _text(child)
        yield from _spoken(child)


def _text(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)


def _has_words(text: str) -> bool:
    """A sentence, or what is put into one: words with a blank between them or beside a value."""
    return " " in text and bool(_WORD.search(_VALUE.sub("", text)))


def _is_silent(parent: ast.AST, child: ast.AST) -> bool:
    match child:
        case ast.arg() | ast.Expr(value=ast.Constant()):
            return True
        case ast.Constant() if isinstance(parent, ast.JoinedStr):
            return True
        case ast.Call(func=ast.Attribute(value=ast.Name(id="log"))):
            return True
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
            return name in _CALLS
        case _:
            return child in (getattr(parent, "returns", None), getattr(parent, "annotation", None))
