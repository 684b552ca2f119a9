"""A message for every error code: what happened, and what to do next. The same on every platform."""

from bot.domain.error_codes import ErrorCode, UserError
from bot.i18n.catalog import Texts, mark

_SENTENCES = {
    ErrorCode.EMPTY: mark("The file is empty. Please send the photo again."),
    ErrorCode.TOO_MANY_BYTES: mark("The file is larger than 20 MB. Please send a smaller one."),
    ErrorCode.TOO_MANY_PIXELS: mark("The picture has more than 50 megapixels. Please send a smaller one."),
    ErrorCode.TOO_SMALL: mark("The picture is too small to see a face in. Please send a larger one."),
    ErrorCode.NOT_A_PICTURE: mark("That isn't a picture. Please send a photo, for example a JPEG or PNG file."),
    ErrorCode.UNSUPPORTED: mark(
        "I can't read this kind of file. JPEG, PNG, WEBP, GIF, BMP, TIFF, HEIC and AVIF pictures work."
    ),
    ErrorCode.DAMAGED: mark("The picture is damaged or cut off. Please send it again."),
    ErrorCode.TOO_SLOW: mark("This picture takes too long to read. Please send it as an ordinary photo."),
    ErrorCode.STYLE_INVALID: mark("I don't have that style. Please choose one of those on offer."),
    ErrorCode.PHOTO_MISSING: mark("There is no photo yet. Please send one."),
    ErrorCode.BUDGET_USED_UP: mark("This month's budget for painting is used up. Please come back next month."),
    ErrorCode.NOT_FOUND: mark("I can't find that picture. It was deleted, or it belongs to somebody else."),
    ErrorCode.NOT_NOW: mark("That isn't possible any more: the picture has already moved on."),
    ErrorCode.PHOTO_EXPIRED: mark("I no longer keep that photo. Please send it again."),
    ErrorCode.PHOTO_REFUSED: mark(
        "The painting service can't use this photo's size or format. Please try another one."
    ),
    ErrorCode.NO_FACE: mark("I can't find a face in this photo. One that shows it clearly from the front works best."),
    ErrorCode.CONTENT_REFUSED: mark("The painting service declined this photo's content. Please try another one."),
    ErrorCode.SERVICE_DOWN: mark(
        "The painting service doesn't answer, though I tried several times. Please try later."
    ),
    ErrorCode.RESULT_LOST: mark("The finished picture got lost on its way. Please try once more."),
    ErrorCode.UNKNOWN: mark("Something went wrong. Please try again."),
    ErrorCode.DRAFT_EXPIRED: mark("This one waited too long, so I put it away. Please send it again."),
    ErrorCode.BANNED: mark("The owner of this bot has asked me not to take your pictures."),
    ErrorCode.GROUP_OFF: mark("The admins of this group have switched me off here. You can write to me in private."),
    ErrorCode.GROUP_STYLE: mark("This group doesn't use that style. Please choose another one."),
    ErrorCode.GROUP_ADMINS_ONLY: mark("In this group only its admins may do that."),
    ErrorCode.SETTING_INVALID: mark("That setting doesn't work like this. Please try another value."),
    ErrorCode.OPTED_OUT: mark("The person who sent this photo doesn't want others to have it painted."),
    ErrorCode.CONSENT_REFUSED: mark("The person who sent this photo said no, so I deleted it."),
    ErrorCode.NAME_TAKEN: mark("There is a saved style of that name already. Please choose another name."),
    ErrorCode.STYLE_GONE: mark("I can't find that saved style. It was removed, or it belongs to somebody else."),
    ErrorCode.NOT_FOR_SALE: mark("That isn't for sale any more. Please look at what there is now."),
    ErrorCode.UNITS_INVALID: mark("How many? Please send a whole number, one or more."),
    ErrorCode.GROUPS_ONLY: mark("That works only in a group."),
    ErrorCode.PAYMENT_UNKNOWN: mark("I don't know that payment."),
    ErrorCode.REFUNDED: mark("That payment was given back already."),
}
_LATER = {  # temporary errors: without and with the remaining time
    ErrorCode.GROUP_LIMIT: (
        mark("This group has had all its pictures for today. There are new ones tomorrow."),
        mark("This group has had all its pictures for today. There are new ones in {time}."),
    ),
    ErrorCode.GROUP_COOLDOWN: (
        mark("That was quick. Please wait a little before your next picture in this group."),
        mark("That was quick. In this group your next picture can come in {time}."),
    ),
    ErrorCode.GROUP_QUIET: (
        mark("It's quiet time in this group. Please come back later."),
        mark("It's quiet time in this group for another {time}."),
    ),
}


def error_message(why: UserError | ErrorCode, texts: Texts, *, now: float | None = None) -> str:
    """The message for an error. With `now` (epoch seconds) temporary errors say how long they last."""
    problem = why if isinstance(why, UserError) else UserError(why)
    match problem.code:
        case ErrorCode.QUOTA_USED_UP:
            return _quota_used_up(problem, texts, now)
        case ErrorCode.QUEUE_FULL:
            return _queue_full(problem, texts)
        case ErrorCode.GROUP_LIMIT | ErrorCode.GROUP_COOLDOWN | ErrorCode.GROUP_QUIET:
            return _later(problem, texts, now)
        case ErrorCode.NAME_INVALID | ErrorCode.SAVED_STYLES_FULL | ErrorCode.TOO_FEW_UNITS | ErrorCode.TEXT_INVALID:
            return _counted(problem, texts)
        case reason:
            return texts.gettext(_SENTENCES[reason])


def _quota_used_up(problem: UserError, texts: Texts, now: float | None) -> str:
    resets_at = problem.details.get("resets_at")
    if now is None or not isinstance(resets_at, int | float):
        return texts.gettext("You have used all your pictures for today. There are new ones tomorrow.")
    left = texts.duration(max(0.0, resets_at - now))
    return texts.gettext("You have used all your pictures for today. There are new ones in {time}.", time=left)


def _queue_full(problem: UserError, texts: Texts) -> str:
    limit = problem.details.get("limit")
    if not isinstance(limit, int):
        return texts.gettext("You have enough pictures waiting. Please send more when one is done.")
    return texts.ngettext(
        "You already have {n} picture waiting. Please send the next one when it is done.",
        "You already have {n} pictures waiting. Please send more when one is done.",
        limit,
    )


def _later(problem: UserError, texts: Texts, now: float | None) -> str:
    plain, timed = _LATER[problem.code]
    until, seconds = problem.details.get("until"), problem.details.get("seconds")
    if isinstance(until, int | float) and now is not None:
        seconds = max(0.0, until - now)
    return (
        texts.gettext(timed, time=texts.duration(seconds)) if isinstance(seconds, int | float) else texts.gettext(plain)
    )


def _counted(problem: UserError, texts: Texts) -> str:
    number = problem.details.get("limit", problem.details.get("left", 0))
    n = number if isinstance(number, int) else 0
    match problem.code:
        case ErrorCode.NAME_INVALID:
            return texts.ngettext(
                "A style's name has up to {n} letter. Please choose another one.",
                "A style's name has up to {n} letters. Please choose another one.",
                n,
            )
        case ErrorCode.TEXT_INVALID:
            return texts.ngettext(
                "Please send a text of up to {n} letter.", "Please send a text of up to {n} letters.", n
            )
        case ErrorCode.SAVED_STYLES_FULL:
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
