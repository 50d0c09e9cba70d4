"""Heatmaps as pictures (PS3.18 sections 8.3.5.1 and 10.4.1.1.3)."""

import re
from io import BytesIO

from fastapi import Request, Response
from fastapi.exceptions import HTTPException
from PIL import Image, ImageOps

from service.worklist.dicomweb.negotiate import chosen

OFFERED = ("image/jpeg", "image/png")
"""The first is what the Standard names as the default."""
_LARGEST_PX = 4096
_USUAL_QUALITY, _BEST_QUALITY = 90, 100
_PARAMETERS = frozenset({"accept", "viewport", "quality"})


def rendered(request: Request, png: bytes) -> Response:
    """The picture as it is asked for. Raises HTTPException 400 for what is not offered, 406."""
    unknown = sorted(set(request.query_params) - _PARAMETERS)
    if unknown:
        raise HTTPException(
            400, f"heatmaps are rendered with viewport and quality only, not {len(unknown)} more"
        )
    viewport, quality = _viewport(request), _quality(request)
    media_type = chosen(request, OFFERED)
    if media_type == "image/png" and viewport is None:
        return Response(png, media_type=media_type, headers={"Vary": "Accept"})
    with Image.open(BytesIO(png)) as opened:
        picture = opened.convert("RGB")
    if viewport is not None:
        picture = ImageOps.contain(picture, viewport, Image.Resampling.LANCZOS)
    buffer = BytesIO()
    if media_type == "image/png":
        picture.save(buffer, format="PNG", compress_level=3)
    else:
        picture.save(buffer, format="JPEG", quality=quality)
    return Response(buffer.getvalue(), media_type=media_type, headers={"Vary": "Accept"})


def _viewport(request: Request) -> tuple[int, int] | None:
    """Width and height of what the picture is to fit in, in pixels."""
    asked = request.query_params.get("viewport")
    if asked is None:
        return None
    match = re.fullmatch(r"([0-9]{1,4}),([0-9]{1,4})", asked)
    sides = (int(match[1]), int(match[2])) if match else (0, 0)
    if not all(1 <= side <= _LARGEST_PX for side in sides):
        raise HTTPException(400, f"viewport is width,height in pixels, each from 1 to {_LARGEST_PX}")
    return sides


def _quality(request: Request) -> int:
    asked = request.query_params.get("quality", str(_USUAL_QUALITY))
    if not re.fullmatch(r"[0-9]{1,3}", asked) or not 1 <= int(asked) <= _BEST_QUALITY:
        raise HTTPException(400, f"quality is a number from 1 to {_BEST_QUALITY}")
    return int(asked)
