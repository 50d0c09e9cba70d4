"""Every error that the engines raise.

EngineError
├── ManifestError        manifest.toml does not say what it must
├── RecipeError          a training recipe does not say what it must
├── CatalogError         no such classifier, or two of one name
├── WeightsError         weights are missing, or are not the ones the manifest names
├── InputError           an array has the wrong shape, dtype or content
├── UnfamiliarInput      an image is unlike those that the classifier was made from
├── InferenceError       the library failed while it ran the network
├── EngineClosed         infer() before open() or after close()
├── ExportError          the exported graph does not give the network's answers
├── LibraryError         an optional library is not installed
├── GpuError             no GPU can be used, or a call to it failed
├── PlanError            a TensorRT plan cannot be built or loaded
├── ChoiceError          backend, precision, classifier and machine do not go together
├── DisagreementError    an engine does not give the reference's answers
└── DataError            a data set is missing, incomplete or leaks patients between parts
"""


class EngineError(Exception):
    """Parent of all; the message says what is wrong and what to do."""


class ManifestError(EngineError):
    """A manifest is unreadable, incomplete or contradicts itself."""


class RecipeError(EngineError):
    """A training recipe is unreadable, incomplete or contradicts itself."""


class CatalogError(EngineError):
    """A classifier's name is unknown, or two folders claim it."""


class WeightsError(EngineError):
    """Weights are missing, changed, or do not fit the network."""


class InputError(EngineError):
    """An array handed to an engine has the wrong shape, dtype or content."""


class UnfamiliarInput(EngineError):  # noqa: N818 - named for what it is
    """An image is unlike everything that the classifier was made from: its score would mean nothing."""


class InferenceError(EngineError):
    """The network did not run through, for want of memory or for what is in the batch; a smaller one may."""


class EngineClosed(EngineError):  # noqa: N818 - a state, as BrokenPipe is one
    """The engine is not open."""


class ExportError(EngineError):
    """The exported graph differs from the network it was made from."""


class LibraryError(EngineError):
    """A library of an optional extra is not installed."""


class GpuError(EngineError):
    """The driver or the GPU is missing, or a call to it failed."""


class PlanError(EngineError):
    """TensorRT cannot make a plan of this graph, or cannot load this plan."""


class ChoiceError(EngineError):
    """The engine that was asked for cannot be had here."""


class DisagreementError(EngineError):
    """An engine's answers are not those of the reference: it must not be used."""


class DataError(EngineError):
    """A data set cannot be used as it is."""
