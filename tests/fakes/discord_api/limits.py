"""Rules for messages, components and files that Discord documents only in prose, not in its OpenAPI specification."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

Json = Any
Uploads = dict[int, tuple[str, bytes]]  # number → (name, bytes): the files that a call uploads
KeptFiles = dict[str, str]  # id → name: the files that a message already has

MIB = 1024 * 1024
FILE_BYTES = 10 * MIB  # in a server without boosts
MAX_CONTENT, MAX_EMBED_TEXT, MAX_COMPONENT_TEXT, MAX_ROWS, MAX_COMPONENTS = 2000, 6000, 4000, 5, 40
EPHEMERAL, LOADING, SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS, COMPONENTS_V2 = 1 << 6, 1 << 7, 1 << 2, 1 << 12, 1 << 15
LINK_STYLE = 5  # a button's style
ACTION_ROW = 1
SELECTS = {3, 5, 6, 7, 8}


def message_violations(
    body: Json,
    files: Uploads,
    *,
    new: bool,
    ephemeral_allowed: bool,
    kept: KeptFiles | None = None,
) -> list[str]:
    """Everything wrong with a message to send or edit. `kept`: the files it already has."""
    found = list(_flags(body.get("flags") or 0, ephemeral_allowed=ephemeral_allowed))
    if len(body.get("content") or "") > MAX_CONTENT:
        found.append("content is longer than 2000")
    message = [body.get(name) for name in ("content", "embeds", "components", "sticker_ids", "poll")]
    if new and not files and not any(message):
        found.append("the message is empty")
    found += _embeds(body.get("embeds") or [])
    components = body.get("components") or []
    found += _components(components, is_components_v2=bool((body.get("flags") or 0) & COMPONENTS_V2))
    found += [f"{name} is empty" for name, data in files.values() if not data]
    found += _files(body, files, kept or {})
    mentions = body.get("allowed_mentions") or {}
    found += [
        f"allowed_mentions has {name} and parses them"
        for name in ("users", "roles")
        if mentions.get(name) and name in (mentions.get("parse") or [])
    ]
    return found


def _flags(flags: int, *, ephemeral_allowed: bool) -> Iterator[str]:
    allowed = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | COMPONENTS_V2 | (EPHEMERAL if ephemeral_allowed else 0)
    if flags & ~allowed:
        yield f"flags may not be set: {flags & ~allowed}"


def _embeds(embeds: list[Json]) -> Iterator[str]:
    text = "".join(part for embed in embeds for part in embed_texts(embed))
    if len(text) > MAX_EMBED_TEXT:
        yield f"embeds have {len(text)} characters"
    for embed in embeds:
        if not set(embed) - {"type", "color", "flags"}:
            yield "an embed is empty"


def embed_texts(embed: Json) -> Iterator[str]:
    """All texts of an embed that count towards its limit."""
    yield from (embed[name] for name in ("title", "description") if embed.get(name))
    yield from (embed[part][name] for part, name in (("footer", "text"), ("author", "name")) if embed.get(part))
    for field in embed.get("fields", ()):
        yield from (field["name"], field["value"])


def walk_components(components: list[Json]) -> Iterator[Json]:
    """Every component, including nested ones."""
    for part in components:
        yield part
        yield from walk_components(part.get("components") or [])
        yield from walk_components([inner for name in ("accessory", "component") if (inner := part.get(name))])


def _components(components: list[Json], *, is_components_v2: bool) -> Iterator[str]:
    every = list(walk_components(components))
    if is_components_v2 and len(every) > MAX_COMPONENTS:
        yield f"{len(every)} components"
    if not is_components_v2 and (len(components) > MAX_ROWS or any(part["type"] != ACTION_ROW for part in components)):
        yield "components are not at most five rows"
    if sum(len(part.get("content", "")) for part in every) > MAX_COMPONENT_TEXT:
        yield "texts are longer than 4000 together"
    ids = Counter(part["custom_id"] for part in every if part.get("custom_id"))
    yield from (f"two components are called {name}" for name, times in ids.items() if times > 1)
    for part in every:
        match part["type"]:
            case 1:
                kinds = {inner["type"] for inner in part["components"]}
                if kinds & SELECTS and len(part["components"]) > 1:
                    yield "a select shares its row"
            case 2:
                yield from _button(part)
            case 3:
                yield from _select(part)


def _button(button: Json) -> Iterator[str]:
    actions = [name for name in ("custom_id", "url", "sku_id") if button.get(name)]
    if actions != (["url"] if button["style"] == LINK_STYLE else ["custom_id"]):
        yield f"a button of style {button['style']} does {actions}"
    if not button.get("label") and not button.get("emoji"):
        yield "a button says nothing"


def _select(select: Json) -> Iterator[str]:
    values = [option["value"] for option in select["options"]]
    if len(set(values)) < len(values):
        yield "a select has an option twice"
    least, most = select.get("min_values"), select.get("max_values")
    if not (1 if least is None else least) <= (1 if most is None else most) <= len(values):
        yield f"a select of {len(values)} takes {least} to {most}"
    if sum(bool(option.get("default")) for option in select["options"]) > (most or 1):
        yield "a select has too many defaults"


def _files(body: Json, files: Uploads, kept: KeptFiles) -> Iterator[str]:
    attachments = body.get("attachments")
    if attachments is not None:
        for one in attachments:
            if int(one["id"]) not in files and str(one["id"]) not in kept:
                yield f"attachment {one['id']} is no file of this message"
        kept = {str(one["id"]): kept[str(one["id"])] for one in attachments if str(one["id"]) in kept}
    names = {name for name, _ in files.values()} | set(kept.values())
    for used in re.findall(r"attachment://([^'\"\s]+)", str([body.get("embeds"), body.get("components")])):
        if used not in names:
            yield f"attachment://{used} is no file of this message"


def modal_violations(modal: Json) -> list[str]:
    """Everything wrong with a modal."""
    components = modal["components"]
    found = [f"a modal has {len(components)} fields"] if len(components) > MAX_ROWS else []
    ids = Counter(part["custom_id"] for part in walk_components(components) if part.get("custom_id"))
    return found + [f"two fields are called {name}" for name, times in ids.items() if times > 1]
