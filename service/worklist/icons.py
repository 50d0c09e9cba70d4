"""Small pictures beside words, drawn into the page. They say nothing that the words do not."""

from functools import cache

from markupsafe import Markup

_SHAPES = {
    "received": "M8 2v8M4.8 6.8 8 10l3.2-3.2M2.5 13.5h11",
    "parked": "M5 3v10M11 3v10",
    "assembled": "M3 3h4v4H3zM9 3h4v4H9zM3 9h4v4H3zM9 9h4v4H9z",
    "queued": "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2M8 4.8V8l2.4 1.6",
    "inferred": "M1.5 8.5h3l2-5 3 9 2-4h3",
    "reported": "M2 8h10.5M8.5 4l4 4-4 4",
    "delivered": "M2.5 8.5l3.6 3.6L13.5 4.5",
    "not_analysed": "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2M3.8 3.8l8.4 8.4",
    "prior": "M2.6 6A6 6 0 1 1 2 8.4M2.2 2.8V6h3.3M8 4.8V8l2.4 1.6",
    "kept": "M2 3.5h12v3H2zM3 6.5V13h10V6.5M6.5 9h3",
    "failed": "M8 2 14.5 13.5h-13zM8 6.5v3.2M8 11.6v.4",
    "sent": "M2 8h10.5M8.5 4l4 4-4 4",
    "waiting": "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2M8 4.8V8l2.4 1.6",
    "rejected": "M8 2 14.5 13.5h-13zM8 6.5v3.2M8 11.6v.4",
    "accepted": "M2.5 8.5l3.6 3.6L13.5 4.5",
    "modified": "M3 13l.8-3.2L11 2.6l2.4 2.4-7.2 7.2z",
    "held": "M8 2 14.5 13.5h-13zM8 6.5v3.2M8 11.6v.4",
    "urgent": "M3 8.5l5-5 5 5M3 13l5-5 5 5",
    "above": "M8 3l5.5 9.5h-11z",
    "below": "M8 13 2.5 3.5h11z",
}
"""Outlines (SVG path data) in a square of 16 by 16, by state, verdict and direction."""


_DRAWN = Markup(
    '<svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false"><path d="{}"/></svg>'
)


@cache
def icon(name: str) -> Markup:
    """The picture of this name, as SVG. Raises KeyError where there is none."""
    return _DRAWN.format(_SHAPES[name])
