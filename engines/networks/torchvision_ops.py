"""Makes `torchvision.models` importable beside a CPU build of PyTorch.

torchvision's CUDA wheel cannot load its operator library there, and its import then fails because it
registers shapes for operators that do not exist. Only their schemas are needed: no classification
network calls them. Calling one still fails, with PyTorch's own "not implemented".
"""

import torch

_ROIS = "Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width"
_BACK = "Tensor grad, Tensor rois, {extra}float spatial_scale, SymInt pooled_height, SymInt pooled_width"
_SIZE = "SymInt batch_size, SymInt channels, SymInt height, SymInt width"
_DEFORM = (
    "SymInt stride_h, SymInt stride_w, SymInt pad_h, SymInt pad_w, SymInt dilation_h, SymInt dilation_w, "
    "SymInt groups, SymInt offset_groups, bool use_mask"
)
_FIVE = "(Tensor, Tensor, Tensor, Tensor, Tensor)"
_SCHEMAS = {
    "nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "roi_align": f"({_ROIS}, int sampling_ratio, bool aligned) -> Tensor",
    "_roi_align_backward": f"({_BACK.format(extra='')}, {_SIZE}, int sampling_ratio, bool aligned) -> Tensor",
    "roi_pool": f"({_ROIS}) -> (Tensor, Tensor)",
    "_roi_pool_backward": f"({_BACK.format(extra='Tensor argmax, ')}, {_SIZE}) -> Tensor",
    "ps_roi_align": f"({_ROIS}, int sampling_ratio) -> (Tensor, Tensor)",
    "_ps_roi_align_backward": (
        f"({_BACK.format(extra='Tensor channel_mapping, ')}, int sampling_ratio, {_SIZE}) -> Tensor"
    ),
    "ps_roi_pool": f"({_ROIS}) -> (Tensor, Tensor)",
    "_ps_roi_pool_backward": f"({_BACK.format(extra='Tensor channel_mapping, ')}, {_SIZE}) -> Tensor",
    "deform_conv2d": (
        f"(Tensor input, Tensor weight, Tensor offset, Tensor mask, Tensor bias, {_DEFORM}) -> Tensor"
    ),
    "_deform_conv2d_backward": (
        f"(Tensor grad, Tensor input, Tensor weight, Tensor offset, Tensor mask, Tensor bias, {_DEFORM})"
        f" -> {_FIVE}"
    ),
}

_defined: list[torch.library.Library] = []  # a Library takes its operators with it when it is collected


def define_missing_operators() -> None:
    """Define the schemas unless torchvision's operator library is there or this has been done."""
    if _defined:
        return
    try:
        import torchvision.models  # noqa: F401
    except RuntimeError:
        library = torch.library.Library("torchvision", "FRAGMENT")
        for name, schema in _SCHEMAS.items():
            library.define(name + schema)
        _defined.append(library)
