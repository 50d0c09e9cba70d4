"""Agreement in figures: what int8 costs."""

from collections.abc import Sequence

import numpy as np

from engines.data.examples import Example, labels_of
from engines.errors import DataError
from engines.evaluation.auc import auc_loss_with_interval, auc_with_interval
from engines.evaluation.figures import Figure, rate_figure
from engines.evaluation.rates import sensitivity, specificity, wilson
from engines.judgement import Difference
from engines.quantise.agreement import Agreement

LARGEST_LOSS = 0.005
"""Of the AUC. More, and the classifier stays in float32."""
AUC_FLOAT32, AUC_INT8, LOSS = "AUC in float32", "AUC in int8", "AUC lost by int8, thousandths"
LOSS_SYMMETRIC = "AUC lost by symmetric int8 (TensorRT), thousandths"
EQUAL_DECISIONS = "equal decisions"


def figures_of(agreement: Agreement, symmetric: Agreement, examples: Sequence[Example]) -> list[Figure]:
    """Of int8 as ONNX Runtime gets it, and of the symmetric form that TensorRT gets."""
    labels, patients = labels_of(examples), [example.patient for example in examples]
    size = f"{len(examples)} images of {len(set(patients))} patients"
    at = f"at probability {agreement.threshold:.4f}; Wilson interval; {size}"
    full, quantised = agreement.full.probabilities, agreement.quantised.probabilities
    bootstrap = f"patient bootstrap, 2000 resamples; {size}"
    return [
        rate_figure(AUC_FLOAT32, auc_with_interval(full, labels, patients), bootstrap),
        rate_figure(AUC_INT8, auc_with_interval(quantised, labels, patients), bootstrap),
        loss_figure(LOSS, auc_loss_of(agreement, examples)),
        loss_figure(LOSS_SYMMETRIC, auc_loss_of(symmetric, examples)),
        rate_figure(EQUAL_DECISIONS, wilson(agreement.equal_decisions, len(examples)), at),
        rate_figure(
            f"{EQUAL_DECISIONS}, symmetric int8", wilson(symmetric.equal_decisions, len(examples)), at
        ),
        rate_figure("sensitivity in int8", sensitivity(quantised, labels, agreement.threshold), at),
        rate_figure("specificity in int8", specificity(quantised, labels, agreement.threshold), at),
        *_changes(agreement),
    ]


def auc_loss_of(agreement: Agreement, examples: Sequence[Example]) -> Difference:
    """AUC in float32 less that in int8."""
    return auc_loss_with_interval(
        agreement.full.probabilities,
        agreement.quantised.probabilities,
        labels_of(examples),
        [example.patient for example in examples],
    )


def loss_figure(measure: str, loss: Difference) -> Figure:
    """In thousandths, so that tables with three decimals show it."""
    return Figure(
        measure,
        loss.value * 1000,
        "0.001",
        "paired patient bootstrap, 2000 resamples; at most 5",
        LARGEST_LOSS * 1000,
        loss.value <= LARGEST_LOSS,
        loss.low * 1000,
        loss.high * 1000,
    )


def loss_of(figure: Figure) -> Difference:
    """The difference that `loss_figure` was made from. Raises DataError."""
    if figure.low is None or figure.high is None:
        raise DataError(f"figure {figure.measure!r} has no confidence interval; quantise anew")
    return Difference(figure.value / 1000, figure.low / 1000, figure.high / 1000)


def _changes(agreement: Agreement) -> list[Figure]:
    images = len(agreement.changes)
    shift = float(np.mean(agreement.quantised.logits - agreement.full.logits))
    correlations = agreement.heatmap_correlations
    return [
        Figure("mean change of the probability", float(agreement.changes.mean()), "1", "absolute"),
        Figure("largest change of the probability", float(agreement.changes.max()), "1", "absolute"),
        Figure("mean shift of the logit difference", shift, "1", "int8 less float32"),
        Figure("heatmap correlation", float(np.median(correlations)), "1", "median over images"),
        Figure(
            "heatmap correlation, lowest 5 %", float(np.percentile(correlations, 5)), "1", "5th percentile"
        ),
        rate_figure(
            "equal heatmap maxima",
            wilson(agreement.equal_maxima, images),
            "same cell of the maps' grid; Wilson interval",
        ),
    ]
