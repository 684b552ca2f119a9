"""One sentence for every reason why not: what happened, and what to do next. Fits any platform."""

from bot.domain.job_view import Reason, Refusal
from bot.i18n.catalog import Texts, mark

_SENTENCES = {
    Reason.EMPTY: mark("The file is empty. Please send the photo again."),
    Reason.TOO_MANY_BYTES: mark("The file is larger than 20 MB. Please send a smaller one."),
    Reason.TOO_MANY_PIXELS: mark("The picture has more than 50 megapixels. Please send a smaller one."),
    Reason.TOO_SMALL: mark("The picture is too small to see a face in. Please send a larger one."),
    Reason.NOT_A_PICTURE: mark("That isn't a picture. Please send a photo, for example a JPEG or PNG file."),
    Reason.UNSUPPORTED: mark(
        "I can't read this kind of file. JPEG, PNG, WEBP, GIF, BMP, TIFF, HEIC and AVIF pictures work."
    ),
    Reason.DAMAGED: mark("The picture is damaged or cut off. Please send it again."),
    Reason.TOO_SLOW: mark("This picture takes too long to read. Please send it as an ordinary photo."),
    Reason.STYLE_INVALID: mark("I don't have that style. Please choose one of those on offer."),
    Reason.PHOTO_MISSING: mark("There is no photo yet. Please send one."),
    Reason.BUDGET_USED_UP: mark("This month's budget for painting is used up. Please come back next month."),
    Reason.NOT_FOUND: mark("I can't find that picture. It was deleted, or it belongs to somebody else."),
    Reason.NOT_NOW: mark("That isn't possible any more: the picture has already moved on."),
    Reason.PHOTO_EXPIRED: mark("I no longer keep that photo. Please send it again."),
    Reason.PHOTO_REFUSED: mark("The painting service can't use this photo's size or format. Please try another one."),
    Reason.NO_FACE: mark("I can't find a face in this photo. One that shows it clearly from the front works best."),
    Reason.CONTENT_REFUSED: mark("The painting service declined this photo's content. Please try another one."),
    Reason.SERVICE_DOWN: mark("The painting service doesn't answer, though I tried several times. Please try later."),
    Reason.RESULT_LOST: mark("The finished picture got lost on its way. Please try once more."),
    Reason.DRAFT_EXPIRED: mark("This one waited too long, so I put it away. Please send it again."),
    Reason.BANNED: mark("The owner of this bot has asked me not to take your pictures."),
    Reason.GROUP_OFF: mark("The admins of this group have switched me off here. You can write to me in private."),
    Reason.GROUP_STYLE: mark("This group doesn't use that style. Please choose another one."),
    Reason.GROUP_ADMINS_ONLY: mark("In this group only its admins may do that."),
    Reason.SETTING_INVALID: mark("That setting doesn't work like this. Please try another value."),
    Reason.OPTED_OUT: mark("The person who sent this photo doesn't want others to have it painted."),
    Reason.CONSENT_REFUSED: mark("The person who sent this photo said no, so I deleted it."),
    Reason.NAME_TAKEN: mark("There is a saved style of that name already. Please choose another name."),
    Reason.STYLE_GONE: mark("I can't find that saved style. It was removed, or it belongs to somebody else."),
    Reason.NOT_FOR_SALE: mark("That isn't for sale any more. Please look at what there is now."),
    Reason.UNITS_INVALID: mark("How many? Please send a whole number, one or more."),
    Reason.GROUPS_ONLY: mark("That works only in a group."),
    Reason.PAYMENT_UNKNOWN: mark("I don't know that payment."),
    Reason.REFUNDED: mark("That payment was given back already."),
}
_LATER = {  # until then, without and with how long that is
    Reason.GROUP_LIMIT: (
        mark("This group has had all its pictures for today. There are new ones tomorrow."),
        mark("This group has had all its pictures for today. There are new ones in {time}."),
    ),
    Reason.GROUP_COOLDOWN: (
        mark("That was quick. Please wait a little before your next picture in this group."),
        mark("That was quick. In this group your next picture can come in {time}."),
    ),
    Reason.GROUP_QUIET: (
        mark("It's quiet time in this group. Please come back later."),
        mark("It's quiet time in this group for another {time}."),
    ),
}


def refusal(why: Refusal | Reason, texts: Texts, *, now: float | None = None) -> str:
    """The sentence for `why`. With `now` (epoch seconds) a used-up quota says how long until the next units."""
    problem = why if isinstance(why, Refusal) else Refusal(why)
    match problem.reason:
        case Reason.QUOTA_USED_UP:
            return _quota_used_up(problem, texts, now)
        case Reason.QUEUE_FULL:
            return _queue_full(problem, texts)
        case Reason.GROUP_LIMIT | Reason.GROUP_COOLDOWN | Reason.GROUP_QUIET:
            return _later(problem, texts, now)
        case Reason.NAME_INVALID | Reason.WARDROBE_FULL | Reason.TOO_FEW_UNITS | Reason.TEXT_INVALID:
            return _counted(problem, texts)
        case reason:
            return texts.gettext(_SENTENCES[reason])


def _quota_used_up(problem: Refusal, texts: Texts, now: float | None) -> str:
    resets_at = problem.details.get("resets_at")
    if now is None or not isinstance(resets_at, int | float):
        return texts.gettext("You have used all your pictures for today. There are new ones tomorrow.")
    left = texts.duration(max(0.0, resets_at - now))
    return texts.gettext("You have used all your pictures for today. There are new ones in {time}.", time=left)


def _queue_full(problem: Refusal, texts: Texts) -> str:
    limit = problem.details.get("limit")
    if not isinstance(limit, int):
        return texts.gettext("You have enough pictures waiting. Please send more when one is done.")
    return texts.ngettext(
        "You already have {n} picture waiting. Please send the next one when it is done.",
        "You already have {n} pictures waiting. Please send more when one is done.",
        limit,
    )


def _later(problem: Refusal, texts: Texts, now: float | None) -> str:
    plain, timed = _LATER[problem.reason]
    until, seconds = problem.details.get("until"), problem.details.get("seconds")
    if isinstance(until, int | float) and now is not None:
        seconds = max(0.0, until - now)
    return (
        texts.gettext(timed, time=texts.duration(seconds)) if isinstance(seconds, int | float) else texts.gettext(plain)
    )


def _counted(problem: Refusal, texts: Texts) -> str:
    number = problem.details.get("limit", problem.details.get("left", 0))
    n = number if isinstance(number, int) else 0
    match problem.reason:
        case Reason.NAME_INVALID:
            return texts.ngettext(
                "A style's name has up to {n} letter. Please choose another one.",
                "A style's name has up to {n} letters. Please choose another one.",
                n,
            )
        case Reason.TEXT_INVALID:
            return texts.ngettext(
                "Please send a text of up to {n} letter.", "Please send a text of up to {n} letters.", n
            )
        case Reason.WARDROBE_FULL:
            return texts.ngettext(
                "There is room for {n} saved style. Please remove one first.",
                "There is room for {n} saved styles. Please remove one first.",
                n,
            )
        case _:
            return texts.ngettext(
                "That is more than you have: {n} picture is left.",
                "That is more than you have: {n} pictures are left.",
                n,
            )
