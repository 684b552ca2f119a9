"""The JSON representations that the page reads."""

from typing import Any

from bot.domain import eta, styles
from bot.domain.job_view import ENDED, JobView, QuotaView, State
from bot.i18n import Texts, error_message

JOBS_PATH = "/api/jobs"

Json = dict[str, Any]


def style_json(style: styles.Style, language: str, *, has_sample: bool) -> Json:
    return {
        "index": style.index,
        "slug": style.slug,
        "name": style.name(language),
        "sample_url": f"/samples/{style.slug}.jpg" if has_sample else None,
    }


def job_json(view: JobView, texts: Texts) -> Json:
    """One job. `style` is the style's index (-1: a reference picture of the visitor's own); times are epoch seconds."""
    path = f"{JOBS_PATH}/{view.id}"
    return {
        "id": view.id,
        "state": view.state.value,
        "ended": view.state in ENDED,
        "style": view.style,
        "style_name": _style_name(view, texts.language),
        "has_reference": view.has_reference,
        "place": view.place,
        "eta_seconds": view.eta_seconds,
        "eta_range": view.eta_range and eta.shown_range(*view.eta_range, is_minimum=view.eta_is_minimum),
        "eta_is_least": view.eta_is_minimum,
        "progress": view.progress,
        "error": view.error and {"code": view.error.code.value, "message": error_message(view.error, texts)},
        "cropped": view.cropped,
        "paused": view.paused,
        "away": view.away,
        "repeated": view.repeated,
        "created": view.created,
        "updated": view.updated,
        "width": view.width,
        "height": view.height,
        "expires_at": view.expires_at,
        "photo_url": f"{path}/photo" if view.has_photo else None,
        "result_url": f"{path}/result" if view.state in {State.STORED, State.DELIVERED} else None,
        "events_url": f"{path}/events",
    }


def quota_json(view: QuotaView) -> Json:
    return {
        "limit": view.limit,
        "used": view.used,
        "reserved": view.reserved,
        "left": view.left,
        "resets_at": view.resets_at,
    }


def download_name(view: JobView) -> str:
    """The file name of a downloaded picture, e.g. `repaint-ink-1042.jpg`."""
    slug = next((style.slug for style in styles.STYLES if style.index == view.style), "yours")
    return f"repaint-{slug}-{view.id}.jpg"


def _style_name(view: JobView, language: str) -> str | None:
    return next((style.name(language) for style in styles.STYLES if style.index == view.style), None)
