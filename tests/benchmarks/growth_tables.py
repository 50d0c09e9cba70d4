"""The rows of a long history, in words that SQLite and PostgreSQL both understand.

`:count` is how many studies there are, `:newest` when the last one was received.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Rows:
    """What is inserted from the rows `made` of NUMBERS. `which` studies have it: see growth_fill.py."""

    table: str
    which: Literal["all", "found", "full"]
    columns: str
    selected: str


DIALECT = {
    "postgresql": {
        "json": "::json",
        "at": "CAST(:newest AS timestamp) - (:count - n) * interval '1 second' * :between",
        "day": "to_char(at, 'YYYYMMDD')",
        "hash": "lpad(to_hex(n), 64, '0')",
    },
    "sqlite": {
        "json": "",
        "at": "strftime('%Y-%m-%d %H:%M:%f', :newest, '-' || ((:count - n) * :between) || ' seconds')"
        " || '000'",
        "day": "strftime('%Y%m%d', at)",
        "hash": "printf('%064x', n)",
    },
}
_SYLLABLES = "'barberchedorelkgarhofisajankallinmarnorosapetrol'"


def _syllable(number: str) -> str:
    return f"substr({_SYLLABLES}, CAST(1 + 3 * ({number} % 16) AS int), 3)"


_DELIVERED, _NOT_ANALYSED, _FAILED = 9000, 9979, 9999
NUMBERS = f"""
WITH RECURSIVE all_n(n) AS (
  SELECT CAST({{first}} AS bigint) UNION ALL SELECT n + {{every}} FROM all_n WHERE n + {{every}} <= {{last}}
), timed AS (SELECT n, {{at}} AS at, n * 7919 % 10000 AS fate FROM all_n
), made AS (SELECT n, '{{root}}.' || n AS uid, at,
  CASE WHEN n > {{count}} - 5 THEN 'received' WHEN n > {{count}} - 10 THEN 'reported'
    WHEN n > {{count}} - 20 THEN 'queued' WHEN fate < {_DELIVERED} THEN 'delivered'
    WHEN fate < {_NOT_ANALYSED} THEN 'not_analysed' WHEN fate < {_FAILED} THEN 'failed'
    ELSE 'parked' END AS state,
  'P' || (n * 31337 % ({{count}} / 2 + 1)) AS patient,
  'A' || substr(CAST(1000000000 + n AS text), 2) AS accession,
  {_syllable("n * 61")} || {_syllable("n / 16")} || {_syllable("n / 256")} AS surname,
  {_syllable("n / 7")} || {_syllable("n / 112")} AS given,
  CASE WHEN n % 5 < 3 THEN 'US' ELSE 'MG' END AS modality FROM timed)
"""

_STEPS = """(SELECT 'instance_received' AS event, 'received' AS now UNION ALL
  SELECT 'study_complete', 'assembled' UNION ALL SELECT 'work_queued', 'queued' UNION ALL
  SELECT 'analyses_finished', 'inferred' UNION ALL SELECT 'objects_written', 'reported' UNION ALL
  SELECT 'all_delivered', 'delivered') AS steps"""
_IMAGES = "(SELECT 1 AS k UNION ALL SELECT 2 UNION ALL SELECT 3) AS images"
_KINDS = "(SELECT 'sr' AS kind UNION ALL SELECT 'heatmap') AS kinds"
_WORKS = """(SELECT 'inference.us-mass' AS work UNION ALL SELECT 'report' UNION ALL SELECT 'delivery.pacs')
  AS works"""
_IMAGES_KEPT = 86400
"""Of so many of the newest studies the images are there: a month's."""

TABLES = (
    Rows(
        "studies",
        "all",
        "study_instance_uid, revision, state, reason, priority, instance_count, received_at, "
        "last_instance_at, updated_at, changed_at, patient_name, patient_id, patient_birth_date, "
        "patient_sex, accession_number, study_date, study_time, study_description, modalities, "
        "images_removed_of",
        "SELECT uid, 1, state, 'as it is', CASE WHEN n % 100 = 3 THEN 'urgent' ELSE 'routine' END, 3, at, "
        "at, at, at, surname || '^' || given, patient, '19600101', 'F', accession, {day}, '0900', 'Breast', "
        "('[\"' || modality || '\"]'){json}, "
        f"CASE WHEN state = 'delivered' AND n < {{count}} - {_IMAGES_KEPT} THEN 1 END FROM made",
    ),
    Rows(
        "history",
        "full",
        "study_instance_uid, revision, at, event, state, reason",
        f"SELECT uid, 1, at, event, now, 'as it is' FROM made CROSS JOIN {_STEPS} WHERE state = 'delivered'",
    ),
    Rows(
        "history",
        "full",
        "study_instance_uid, revision, at, event, state, reason",
        "SELECT uid, 1, at, 'images_removed', 'delivered', '3 images were removed here' FROM made "
        f"WHERE state = 'delivered' AND n < {{count}} - {_IMAGES_KEPT}",
    ),
    Rows(
        "instances",
        "full",
        "sop_instance_uid, study_instance_uid, series_instance_uid, sop_class_uid, transfer_syntax_uid, "
        "key, digest, size_bytes, calling_ae_title, called_ae_title, received_at",
        "SELECT uid || '.1.' || k, uid, uid || '.1', '1.2.840.10008.5.1.4.1.1.6.1', '1.2.840.10008.1.2.1', "
        "'instances/' || uid || '/' || k || '.dcm', {hash}, 1000000, 'US' || (n % 4), 'PREREAD', at "
        f"FROM made CROSS JOIN {_IMAGES}",
    ),
    Rows(
        "analyses",
        "full",
        "study_instance_uid, revision, classifier, state, reason, destinations, series_instance_uids, early, "
        "priority, assume_body_part, companion_study_instance_uid, shadow, result, queued_at, finished_at",
        "SELECT uid, 1, 'us-mass', CASE WHEN state = 'queued' THEN 'queued' ELSE 'scored' END, '', "
        "'[\"pacs\"]'{json}, '[]'{json}, false, 'routine', '', '', false, "
        "CASE WHEN state <> 'queued' THEN replace(:result, 'THE_STUDY', uid) END{json}, at, "
        "CASE WHEN state <> 'queued' THEN at END FROM made "
        "WHERE state IN ('delivered', 'reported', 'queued')",
    ),
    Rows(
        "objects",
        "full",
        "sop_instance_uid, study_instance_uid, revision, classifier, kind, sop_class_uid, "
        "series_instance_uid, key, created_at, fault",
        "SELECT uid || '.9.' || kind, uid, 1, 'us-mass', kind, '1.2.840.10008.5.1.4.1.1.88.34', uid || '.9', "
        f"'objects/' || uid || '/' || kind, at, '' FROM made CROSS JOIN {_KINDS} "
        "WHERE state IN ('delivered', 'reported')",
    ),
    Rows(
        "deliveries",
        "full",
        "sop_instance_uid, destination, study_instance_uid, state, proof, detail, updated_at",
        "SELECT uid || '.9.' || kind, 'pacs', uid, "
        "CASE WHEN state = 'reported' THEN 'waiting' ELSE state END, "
        "CASE WHEN state = 'reported' THEN 'none' ELSE 'query' END, '', at "
        f"FROM made CROSS JOIN {_KINDS} WHERE state IN ('delivered', 'reported')",
    ),
    Rows(
        "leases",
        "full",
        "study_instance_uid, revision, work, token, strikes, is_held, reason, since",
        f"SELECT uid, 1, work, 1, 0, state = 'queued', '', at FROM made CROSS JOIN {_WORKS} "
        "WHERE state IN ('delivered', 'queued')",
    ),
    Rows(
        "leases",
        "all",
        "study_instance_uid, revision, work, token, strikes, is_held, reason, since, dead_at",
        "SELECT uid, 1, 'report', 1, 3, false, 'given up', at, at FROM made WHERE state = 'failed'",
    ),
    Rows(
        "search_terms",
        "found",
        "study_instance_uid, term, origin, received_at",
        "SELECT uid, term, 'header', at FROM (SELECT uid, at, 'word:' || surname AS term FROM made "
        "UNION SELECT uid, at, 'word:' || given FROM made UNION SELECT uid, at, 'word:' || lower(patient) "
        "FROM made UNION SELECT uid, at, 'word:' || lower(accession) FROM made "
        "UNION SELECT uid, at, 'modality:' || lower(modality) FROM made) AS terms",
    ),
    Rows(
        "search_terms",
        "full",
        "study_instance_uid, term, origin, received_at",
        "SELECT uid, CASE WHEN n % 1000 = 20 THEN 'category:5' ELSE 'category:4a' END, 'result', at "
        "FROM made WHERE state = 'delivered'",
    ),
    Rows(
        "commitments",
        "full",
        'transaction_uid, calling_ae_title, "references", requested_at, attempts, reason',
        "SELECT uid || '.7', 'US1', '[]'{json}, at, 9, 'nobody takes it' FROM made WHERE n % 1000 = 0",
    ),
    Rows(
        "procedure_steps",
        "full",
        "sop_instance_uid, study_instance_uid, status, instance_uids, calling_ae_title, updated_at",
        "SELECT uid || '.8', uid, 'COMPLETED', '[]'{json}, 'US1', at FROM made",
    ),
    Rows(
        "audit_events",
        "full",
        "at, action, who, role, address, study_instance_uid, detail, succeeded",
        "SELECT at, 'study viewed', CASE WHEN n < 400 THEN 'left' ELSE 'reader' || (n % 7) END, 'reader', "
        "'10.0.0.1', uid, '', true FROM made",
    ),
)
