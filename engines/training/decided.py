"""Calibration and operating points, all from scores of images that the network has not learnt from."""

from engines.evaluation.arrays import Labels, Scores
from engines.evaluation.measured import Measured
from engines.evaluation.rates import sensitivity, specificity
from engines.judgement import OperatingPoint
from engines.manifest_tables import Weights
from engines.training.calibration import fit_platt, probabilities, threshold_for
from engines.training.points import named_points
from engines.training.recipe import Recipe


def decided(recipe: Recipe, logits: Scores, labels: Labels, measured_on: str, weights: Weights) -> Measured:
    """What goes into the manifest of these weights. Raises DataError where nothing can be calibrated."""
    calibration = fit_platt(logits, labels)
    scores = probabilities(calibration, logits)
    threshold = threshold_for(recipe.operating_point.sensitivity, scores, labels)
    point = OperatingPoint(
        name=recipe.operating_point.name,
        threshold=threshold,
        sensitivity=sensitivity(scores, labels, threshold),
        specificity=specificity(scores, labels, threshold),
        measured_on=measured_on,
    )
    return Measured(calibration, point, weights, points=named_points(scores, labels, measured_on))
