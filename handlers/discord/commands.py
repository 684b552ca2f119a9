"""Our commands as Discord lists them, made of the forms that features register: names, options and descriptions. Each
fills in what could have been typed, and says who sees the answer; the rest is the core's business."""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from discord import Attachment, app_commands
from discord.app_commands import Choice, Command, Range

from bot.messaging.registry import Command as CoreCommand
from bot.messaging.registry import Form, Option, OptionKind
from handlers.discord.client import BotInteraction
from handlers.discord.parsing import FilledCommand
from handlers.discord.responder import DiscordResponder

MAX_TEXT_LENGTH = 100  # characters of a text option

SlashCommand = Command[Any, ..., None]


def general_commands(registered: Iterable[CoreCommand], responder: DiscordResponder) -> Iterator[SlashCommand]:
    """Those that are filled in; the ones for pictures are in `style_commands`."""
    for command in registered:
        if command.form is not None:
            yield _slash(command, command.form, responder)


def _slash(command: CoreCommand, form: Form, responder: DiscordResponder) -> SlashCommand:
    async def callback(interaction: BotInteraction, **values: Any) -> None:
        await responder.handle_command(interaction, _filled(command.name, form, values), ephemeral=form.is_private)

    options = [inspect.Parameter("interaction", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=BotInteraction)]
    options += [_parameter(option) for option in form.options]
    callback.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]  # the library reads options off it
    callback.__name__ = command.name
    app_commands.describe(**{option.name: option.description for option in form.options})(callback)
    for option in form.options:
        if option.choices:
            choices = [Choice(name=label, value=value) for label, value in option.choices]
            app_commands.choices(**{option.name: choices})(callback)
    slash: SlashCommand = Command(name=command.name, description=form.description or command.summary, callback=callback)
    return _placed(slash, form)


def _placed(slash: SlashCommand, form: Form) -> SlashCommand:
    """Where it may be used, and who is shown it."""
    if form.in_groups:
        slash = app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)(slash)
        slash = app_commands.allowed_installs(guilds=True, users=False)(slash)
    if form.in_private:
        slash = app_commands.allowed_contexts(guilds=False, dms=True, private_channels=False)(slash)
    if form.for_managers:
        slash = app_commands.default_permissions(manage_guild=True)(slash)
    return slash


def _parameter(option: Option) -> inspect.Parameter:
    """An option as a parameter of the callback, off which discord.py reads its type and whether it is required."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    annotation: Any
    default: Any = inspect.Parameter.empty
    match option.kind:
        case OptionKind.TEXT:
            annotation = Range[str, 1, MAX_TEXT_LENGTH] if option.required else str
            default = default if option.required else ""
        case OptionKind.NUMBER:
            annotation = Range[int, 1, option.maximum]
        case OptionKind.FLAG:
            annotation, default = bool, False
        case OptionKind.PICTURE:
            annotation = Attachment if option.required else Attachment | None
            default = default if option.required else None
    return inspect.Parameter(option.name, kind, default=default, annotation=annotation)


def _filled(name: str, form: Form, values: Mapping[str, Any]) -> FilledCommand:
    """The filled form as the message that could have been typed."""
    typed = {option.name: _typed(option, values[option.name]) for option in form.options}
    pictures = [values[option.name] for option in form.options if option.kind is OptionKind.PICTURE]
    words = form.template.format_map(typed)
    return FilledCommand(f"/{name} {words}".strip(), attachments=tuple(one for one in pictures if one is not None))


def _typed(option: Option, value: Any) -> str:
    if option.kind is OptionKind.FLAG:
        return option.typed if value else ""
    return str(value)
