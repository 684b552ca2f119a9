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
        "I can't read this kind of file. Please send a JPEG, PNG, WEBP, GIF, BMP, TIFF, HEIC or AVIF picture."
    ),
    ErrorCode.DAMAGED: mark("The picture is damaged or incomplete. Please send it again."),
    ErrorCode.TOO_SLOW: mark("This picture takes too long to read. Please send it as an ordinary photo."),
    ErrorCode.STYLE_INVALID: mark("I don't have that style. Please choose one from the list."),
    ErrorCode.PHOTO_MISSING: mark("There is no photo yet. Please send one."),
    ErrorCode.BUDGET_USED_UP: mark("This month's budget for painting is used up. Please come back next month."),
    ErrorCode.NOT_FOUND: mark("I can't find that picture. It was deleted, or it belongs to somebody else."),
    ErrorCode.NOT_NOW: mark("It's too late for that: the picture has already moved on."),
    ErrorCode.PHOTO_EXPIRED: mark("I no longer have that photo. Please send it again."),
    ErrorCode.PHOTO_REFUSED: mark(
        "The painting service can't use this photo's size or format. Please try another one."
    ),
    ErrorCode.NO_FACE: mark("I can't find a face in this photo. A clear photo from the front works best."),
    ErrorCode.CONTENT_REFUSED: mark("The painting service declined this photo's content. Please try another one."),
    ErrorCode.SERVICE_DOWN: mark(
        "The painting service isn't answering. I tried several times; please try again later."
    ),
    ErrorCode.SERVICE_FAILED: mark(
        "Something went wrong at the painting service. I tried several times; please try again later."
    ),
    ErrorCode.SERVICE_REFUSED: mark(
        "The painting service turned this request down. It's not your photo's fault; please try again later."
    ),
    ErrorCode.PHOTO_UNREACHABLE: mark(
        "The painting service couldn't load your photo from me. It's not your fault; please try again later."
    ),
    ErrorCode.NOT_FINISHED: mark("The painting service didn't finish this picture. Please try again."),
    ErrorCode.RESULT_LOST: mark("The finished picture got lost on the way. Please try again."),
    ErrorCode.UNKNOWN: mark("Something went wrong. Please try again."),
    ErrorCode.DRAFT_EXPIRED: mark("This waited too long and has expired. Please send it again."),
    ErrorCode.BANNED: mark("The owner of this bot has asked me not to take your pictures."),
    ErrorCode.GROUP_OFF: mark("The admins of this group have switched me off here. You can write to me in private."),
    ErrorCode.GROUP_STYLE: mark("This group doesn't use that style. Please choose another one."),
    ErrorCode.GROUP_ADMINS_ONLY: mark("Only admins can do that in this group."),
    ErrorCode.SETTING_INVALID: mark("That isn't a valid setting. Please try another value."),
    ErrorCode.OPTED_OUT: mark("The person who sent this photo doesn't want others to have it painted."),
    ErrorCode.CONSENT_REFUSED: mark("The person who sent this photo said no, so I deleted it."),
    ErrorCode.CHAT_CLOSED: mark(
        "I may not write in the chat where you asked for this, so I didn't paint it. You can send me the photo here."
    ),
    ErrorCode.NAME_TAKEN: mark("There is already a saved style with that name. Please choose another name."),
    ErrorCode.STYLE_GONE: mark("I can't find that saved style. It was removed, or it belongs to somebody else."),
    ErrorCode.NOT_FOR_SALE: mark("That is no longer for sale. Please look at what is on offer now."),
    ErrorCode.UNITS_INVALID: mark("How many? Please send a whole number, one or more."),
    ErrorCode.GROUPS_ONLY: mark("That only works in a group."),
    ErrorCode.PAYMENT_UNKNOWN: mark("I can't find that payment."),
    ErrorCode.REFUNDED: mark("That payment has already been refunded."),
}
_LATER = {  # temporary errors: without and with the remaining time
    ErrorCode.GROUP_LIMIT: (
        mark("This group has used all its pictures for today. It gets new ones tomorrow."),
        mark("This group has used all its pictures for today. It gets new ones in {time}."),
    ),
    ErrorCode.GROUP_COOLDOWN: (
        mark("That was quick. Please wait a little before your next picture in this group."),
        mark("That was quick. Please wait {time} before your next picture in this group."),
    ),
    ErrorCode.GROUP_QUIET: (
        mark("Quiet hours are on in this group. Please come back later."),
        mark("Quiet hours are on in this group for another {time}."),
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
        return texts.gettext("You've used all your pictures for today. You get new ones tomorrow.")
    left = texts.duration(max(0.0, resets_at - now))
    return texts.gettext("You've used all your pictures for today. You get new ones in {time}.", time=left)


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
                "A style's name can have up to {n} character. Please choose another one.",
                "A style's name can have up to {n} characters. Please choose another one.",
                n,
            )
        case ErrorCode.TEXT_INVALID:
            return texts.ngettext(
                "Please send a text of up to {n} character.", "Please send a text of up to {n} characters.", n
            )
        case ErrorCode.SAVED_STYLES_FULL:
            return texts.ngettext(
                "There is room for {n} saved style. Please remove one first.",
                "There is room for {n} saved styles. Please remove one first.",
                n,
            )
        case _:
            return texts.ngettext(
                "You don't have that many: {n} picture is left.",
                "You don't have that many: {n} pictures are left.",
                n,
            )
