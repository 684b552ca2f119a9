"""Negotiates a request's language: the page's switch (`?language=`) first, then Accept-Language."""

from starlette.requests import Request

from bot.i18n import Texts, supported_language, texts_for

MAX_HEADER_LENGTH = 200  # characters of a header that are read


def accepted_languages(header: str) -> tuple[str, ...]:
    """The tags of an Accept-Language header, best first; unreadable parts are skipped."""
    ranked = [_parse_range(part) for part in header[:MAX_HEADER_LENGTH].split(",")]
    return tuple(tag for quality, tag in sorted(ranked, key=lambda pair: -pair[0]) if tag and quality > 0)


def _parse_range(part: str) -> tuple[float, str]:
    tag, _, parameters = part.strip().partition(";")
    try:
        return float(parameters.strip().removeprefix("q=") or 1), tag.strip()
    except ValueError:
        return 0.0, ""


def texts_of(request: Request) -> Texts:
    """The texts in the first requested language that we support; English if there is none."""
    chosen = request.query_params.get("language", "")[:MAX_HEADER_LENGTH]
    tags = [tag for tag in (chosen, *accepted_languages(request.headers.get("accept-language", ""))) if tag]
    return texts_for(supported_language(tags) or "en")
