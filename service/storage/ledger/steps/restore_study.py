"""Give a study in the ledger back what the instance store still knows of it."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime

from sqlalchemy import update

from service.storage.ledger.ledger import Transaction
from service.storage.ledger.schema.statements import insert_if_absent
from service.storage.ledger.schema.tables import analyses, studies
from service.storage.ledger.tables.search_terms import index_results
from service.storage.store.report_records import ReportRecord


def restore_records(tx: Transaction, records: Sequence[ReportRecord]) -> list[ReportRecord]:
    """Enter analyses and result objects that the ledger lacks; returns their records.

    An analysis that is entered without a result gets it. Where the objects went is not known any more. The
    study's row must be there.
    """
    restored = [record for record in records if _restore(tx, record)]
    if restored:
        index_results(tx.connection, restored[0].analysis.study_instance_uid)
    return restored


def raise_revision(tx: Transaction, study_instance_uid: str, revision: int) -> None:
    """Have the study at this revision, unless it is further on: what is in flight of the ones before is of
    the past.
    """
    tx.connection.execute(
        update(studies)
        .where(studies.c.study_instance_uid == study_instance_uid, studies.c.revision < revision)
        .values(revision=revision)
    )


def received_then(tx: Transaction, study_instance_uid: str, last_instance_at: datetime) -> None:
    """The last image came at this moment, not now."""
    tx.connection.execute(
        update(studies)
        .where(studies.c.study_instance_uid == study_instance_uid)
        .values(last_instance_at=last_instance_at)
    )


def _restore(tx: Transaction, record: ReportRecord) -> bool:
    analysis = record.analysis
    if analysis.result is None:
        return False
    of_analysis = (analysis.study_instance_uid, analysis.revision, analysis.classifier)
    known = tx.analyses.find(*of_analysis)
    if known is not None and known.result is not None:
        return False
    values = asdict(replace(analysis, result=None)) | {"result": analysis.result.to_json()}
    if not insert_if_absent(tx.connection, analyses, values):
        uid, revision, classifier = of_analysis
        tx.connection.execute(
            update(analyses)
            .where(
                analyses.c.study_instance_uid == uid,
                analyses.c.revision == revision,
                analyses.c.classifier == classifier,
            )
            .values(values)
        )
    for stored in record.objects:
        tx.deliveries.add_object(stored)
    return True
