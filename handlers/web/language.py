"""Which language a request reads: the page's switch (`?language=`), else the browser's list."""

from babel import negotiate_locale
from starlette.requests import Request

from bot.i18n import LANGUAGES, Texts, texts_for

LONGEST = 200  # characters of a header that are looked at


def wanted(header: str) -> tuple[str, ...]:
    """The tags of an Accept-Language header, best first; what can't be read is left out."""
    ranked = [_ranked(part) for part in header[:LONGEST].split(",")]
    return tuple(tag for quality, tag in sorted(ranked, key=lambda pair: -pair[0]) if tag and quality > 0)


def _ranked(part: str) -> tuple[float, str]:
    tag, _, parameters = part.strip().partition(";")
    try:
        return float(parameters.strip().removeprefix("q=") or 1), tag.strip()
    except ValueError:
        return 0.0, ""


def texts_of(request: Request) -> Texts:
    """The texts in the first wanted language that there is; English when there is none."""
    chosen = request.query_params.get("language", "")[:LONGEST]
    tags = [tag for tag in (chosen, *wanted(request.headers.get("accept-language", ""))) if tag]
    return texts_for(negotiate_locale(tags, LANGUAGES, sep="-") or "en")
