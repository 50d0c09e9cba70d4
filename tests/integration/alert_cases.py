"""For each alert, series that must set it off and series that must not; one sample a minute, in promtool's
notation.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """Evaluated at `at`; `firing` sets off as many alerts as `count`."""

    firing: dict[str, str]
    quiet: dict[str, str]
    at: str = "1h"
    count: int = 1


_ROLES = {f'preread_role_info{{role="{role}"}}': "1x180" for role in ("accept", "infer", "send", "worklist")}


def _above(series: str, limit: str, below: str = "0") -> Case:
    """Firing at a constant value, quiet at another one."""
    return Case({series: f"{limit}x180"}, {series: f"{below}x180"})


CASES: dict[str, Case] = {
    "PrereadRoleMissing": Case(
        {series: values for series, values in _ROLES.items() if '"infer"' not in series}, _ROLES
    ),
    "PrereadLoopStuck": _above('preread_loops_stuck{instance="a"}', "1"),
    "PrereadLedgerAway": Case({"preread_ledger_up": "0x180"}, {"preread_ledger_up": "1x180"}),
    "PrereadBrokerAway": _above('preread_notices{check="broker"}', "1"),
    "PrereadSpaceLow": _above('preread_space_low{instance="a"}', "1"),
    "PrereadSpaceRunningOut": Case(
        # The first has little; the second has much, and loses it within the next day.
        {
            'preread_space_free_bytes{instance="a"}': "15x480",
            'preread_space_watermark_bytes{instance="a"}': "10x480",
            'preread_space_free_bytes{instance="b"}': "1000-1x480",
            'preread_space_watermark_bytes{instance="b"}': "10x480",
        },
        {
            'preread_space_free_bytes{instance="a"}': "10000-1x480",
            'preread_space_watermark_bytes{instance="a"}': "10x480",
            'preread_space_free_bytes{instance="b"}': "1000x480",
            'preread_space_watermark_bytes{instance="b"}': "0x480",
        },
        at="7h",
        count=2,
    ),
    "PrereadJournalFills": _above('preread_journal_fill_ratio{instance="a"}', "0.7", "0.3"),
    "PrereadInstancesRefused": Case(
        {
            'preread_instances_total{scanner="US1",status="success"}': "0+90x180",
            'preread_instances_total{scanner="US1",status="cannot_understand"}': "0+10x180",
            'preread_instances_total{scanner="MG1",status="success"}': "0+90x180",
        },
        {
            'preread_instances_total{scanner="US1",status="success"}': "0+990x180",
            'preread_instances_total{scanner="US1",status="cannot_understand"}': "0+10x180",
        },
    ),
    "PrereadAssociationsRejected": Case(
        {'preread_associations_rejected_total{reason="unlisted"}': "0+1x180"},
        {'preread_associations_rejected_total{reason="unlisted"}': "0 0 0 5x177"},
    ),
    "PrereadAnswersSlow": Case(
        {
            'preread_c_store_answer_seconds_bucket{le="1.0"}': "0+1x180",
            'preread_c_store_answer_seconds_bucket{le="5.0"}': "0+10x180",
            'preread_c_store_answer_seconds_bucket{le="+Inf"}': "0+10x180",
        },
        {
            'preread_c_store_answer_seconds_bucket{le="1.0"}': "0+99x180",
            'preread_c_store_answer_seconds_bucket{le="5.0"}': "0+100x180",
            'preread_c_store_answer_seconds_bucket{le="+Inf"}': "0+100x180",
        },
    ),
    "PrereadScannerSilent": Case(
        {'preread_scanner_last_received_timestamp_seconds{scanner="US1"}': "0x5000"},
        {
            'preread_scanner_last_received_timestamp_seconds{scanner="US1"}': "200000x5000",
            'preread_scanner_last_received_timestamp_seconds{scanner="other"}': "0x5000",
        },
        at="73h",
    ),
    "PrereadStudiesOverdue": _above('preread_notices{check="overdue"}', "1"),
    "PrereadStudiesFail": Case(
        {
            'preread_study_moves_total{state="failed",event="gave_up"}': "0+1x180",
            'preread_study_moves_total{state="assembled",event="study_complete"}': "0+10x180",
        },
        {
            'preread_study_moves_total{state="failed",event="gave_up"}': "0+1x180",
            'preread_study_moves_total{state="assembled",event="study_complete"}': "0+100x180",
        },
        at="2h",
    ),
    "PrereadResultsSlow": Case(
        {
            'preread_study_result_seconds_bucket{priority="routine",le="1800.0"}': "0+1x180",
            'preread_study_result_seconds_bucket{priority="routine",le="3600.0"}': "0+10x180",
            'preread_study_result_seconds_bucket{priority="routine",le="+Inf"}': "0+10x180",
        },
        {
            'preread_study_result_seconds_bucket{priority="routine",le="600.0"}': "0+10x180",
            'preread_study_result_seconds_bucket{priority="routine",le="1800.0"}': "0+10x180",
            'preread_study_result_seconds_bucket{priority="routine",le="+Inf"}': "0+10x180",
        },
        at="2h",
    ),
    "PrereadStudiesParked": Case(
        {'preread_studies{state="parked"}': "1x180"}, {'preread_studies{state="parked"}': "0x180"}, at="2h"
    ),
    "PrereadUrgentWaits": _above(
        'preread_queue_oldest_seconds{classifier="us-mass",priority="urgent"}', "400", "200"
    ),
    "PrereadQueueOld": _above(
        'preread_queue_oldest_seconds{classifier="us-mass",priority="routine"}', "2000", "900"
    ),
    "PrereadWorkStruck": Case(
        {'preread_work_total{queue="report",outcome="struck"}': "0+1x180"},
        {
            'preread_work_total{queue="report",outcome="struck"}': "0 1x179",
            'preread_work_total{queue="report",outcome="retried"}': "0+9x180",
        },
    ),
    "PrereadDeadLetters": Case(
        {
            'preread_dead_letters{work="report"}': "2x180",
            'preread_dead_letters{work="delivery.pacs"}': "1x180",
        },
        {'preread_dead_letters{work="report"}': "1x10 _x170"},
        count=2,
    ),
    "PrereadGuardRefusesMany": Case(
        {
            'preread_images_total{classifier="us-mass",outcome="scored"}': "0+1x480",
            'preread_images_total{classifier="us-mass",outcome="unfamiliar"}': "0+1x480",
        },
        {
            'preread_images_total{classifier="us-mass",outcome="scored"}': "0+9x480",
            'preread_images_total{classifier="us-mass",outcome="unfamiliar"}': "0+1x480",
        },
        at="7h",
    ),
    "PrereadGpuMemoryLow": Case(
        {
            'preread_gpu_memory_free_bytes{instance="a",device="0"}': "1x180",
            'preread_gpu_memory_total_bytes{instance="a",device="0"}': "100x180",
        },
        {
            'preread_gpu_memory_free_bytes{instance="a",device="0"}': "50x180",
            'preread_gpu_memory_total_bytes{instance="a",device="0"}': "100x180",
        },
    ),
    "PrereadDeliveryWaits": Case(
        {'preread_delivery_oldest_seconds{destination="pacs",state="waiting"}': "2000x180"},
        {
            'preread_delivery_oldest_seconds{destination="pacs",state="waiting"}': "600x180",
            'preread_delivery_oldest_seconds{destination="pacs",state="sent"}': "9000x180",
        },
    ),
    "PrereadProofMissing": Case(
        {'preread_delivery_oldest_seconds{destination="pacs",state="sent"}': "4000x180"},
        {
            'preread_delivery_oldest_seconds{destination="pacs",state="sent"}': "600x180",
            'preread_delivery_oldest_seconds{destination="pacs",state="waiting"}': "9000x180",
        },
    ),
    "PrereadSignInsFail": Case(
        {'preread_sign_ins_total{outcome="failed"}': "0+2x180"},
        {
            'preread_sign_ins_total{outcome="failed"}': "0 5x179",
            'preread_sign_ins_total{outcome="succeeded"}': "0+9x180",
        },
    ),
}
