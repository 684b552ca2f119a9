"""Composition of the core services, and of the conversation that uses them on a platform."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from bot.admin.chat_commands import AdminCommands
from bot.admin.service import AdminService
from bot.billing.credits import CreditPackage, CreditService
from bot.billing.payments import PaymentCommands, Refunder
from bot.config.settings import Settings
from bot.conversation.buttons import ButtonRouter
from bot.conversation.help import HelpCommands
from bot.conversation.history import HistoryCommands
from bot.conversation.inline import InlineSearch
from bot.conversation.job_actions import AlbumActions, JobActions
from bot.conversation.messages import MessageRouter
from bot.conversation.photos import PhotoRequests
from bot.conversation.rate_limit import RateLimiter
from bot.conversation.status import StatusCommands
from bot.conversation.style_gallery import StyleGallery
from bot.groups.chat_commands import GroupCommands
from bot.groups.settings import GroupService
from bot.jobs.albums import AlbumService
from bot.jobs.consent import ConsentService
from bot.jobs.drafts import Drafts
from bot.jobs.photo_intake import PhotoIntake
from bot.jobs.queries import JobQueries
from bot.jobs.service import JobService
from bot.jobs.undelivered import UndeliveredService
from bot.messaging.platform import DEFAULT_CAPABILITIES, Capabilities
from bot.messaging.registry import Feature, Registry
from bot.privacy.chat_commands import PrivacyCommands
from bot.privacy.service import PrivacyFacts, PrivacyService, privacy_facts
from bot.runtime.clock import Clock
from bot.runtime.wakeups import Wakeups
from bot.saved_styles.chat_commands import SavedStyleCommands
from bot.saved_styles.service import SavedStyleService
from bot.saved_styles.style_options import StyleOptionsService, StyleReader
from storage.database import Database


@dataclass(frozen=True)
class Services:
    """The core services, one for each capability."""

    database: Database
    wakeups: Wakeups
    clock: Clock
    photo_intake: PhotoIntake
    jobs: JobService
    queries: JobQueries
    albums: AlbumService
    undelivered: UndeliveredService
    consent: ConsentService
    groups: GroupService
    credits: CreditService
    saved_styles: SavedStyleService
    style_options: StyleOptionsService
    privacy: PrivacyService
    privacy_facts: PrivacyFacts
    admin: AdminService
    rate_limiter: RateLimiter


def build_services(queries: JobQueries, photo_intake: PhotoIntake, settings: Settings, rng: random.Random) -> Services:
    """Build the services. `rng`: makes unguessable tokens, so it must be cryptographically secure."""
    database, wakeups, clock = queries.database, queries.wakeups, queries.clock
    drafts = Drafts(database, photo_intake, clock)
    jobs = JobService(database, wakeups, clock, queries, drafts)
    groups = GroupService(database, clock)
    saved_styles = SavedStyleService(database, photo_intake, clock, rng)
    packages = tuple(CreditPackage(units, stars) for units, stars in settings.stars_packages)
    owners = frozenset(settings.admins)
    return Services(
        database=database,
        wakeups=wakeups,
        clock=clock,
        photo_intake=photo_intake,
        jobs=jobs,
        queries=queries,
        albums=AlbumService(jobs),
        undelivered=UndeliveredService(database, wakeups, clock),
        consent=ConsentService(database, wakeups, clock, queries, drafts),
        groups=groups,
        credits=CreditService(database, clock, queries.rules, packages),
        saved_styles=saved_styles,
        style_options=StyleOptionsService(queries, groups, saved_styles),
        privacy=PrivacyService(queries),
        privacy_facts=privacy_facts(settings),
        admin=AdminService(database, wakeups, clock, queries.capacity, queries.rules, owners),
        rate_limiter=RateLimiter(settings.messages_per_minute, clock.now),
    )


@dataclass(frozen=True)
class Conversation:
    """The handlers of messages and button presses on one platform."""

    messages: MessageRouter
    buttons: ButtonRouter


def open_conversation(
    services: Services,
    bot_name: str,
    *,
    link: Callable[[str], str] | None = None,
    refunder: Refunder | None = None,
    randbelow: Callable[[int], int] = random.randrange,
    capabilities: Capabilities = DEFAULT_CAPABILITIES,
) -> Conversation:
    """Build every feature and the routers over their commands and buttons.

    `bot_name`: the bot's name as people mention it; `link`: makes a deep link of a payload, on platforms that have
    them; `refunder`: refunds payments; `dice(n)`: a random number below `n`.
    """
    now, queries, withholds = services.clock.now, services.queries, services.privacy.withholds
    photos = PhotoRequests(
        services.albums,
        StyleReader(queries, services.saved_styles),
        services.style_options,
        withholds,
        now,
        capabilities=capabilities,
    )
    actions = JobActions(
        services.jobs,
        services.albums,
        services.consent,
        services.style_options,
        services.photo_intake,
        clock=now,
        randbelow=randbelow,
        capabilities=capabilities,
    )
    payments = PaymentCommands(services.credits, services.admin.admins, now)
    features = [
        photos.feature(),
        actions.feature(),
        payments.feature(),
        *_independent_features(services, actions, link=link, refunder=refunder, capabilities=capabilities),
    ]
    lines = sorted((line for feature in features for line in feature.help), key=lambda line: line.rank)
    registry = Registry([*features, HelpCommands(queries, lines, capabilities, link).feature()])
    messages = MessageRouter(
        bot_name,
        registry,
        queries,
        rate_limiter=services.rate_limiter,
        admin=services.admin,
        groups=services.groups,
        photos=photos,
        payments=payments,
        inline_search=InlineSearch(queries, link),
        undelivered=services.undelivered,
    )
    return Conversation(messages, ButtonRouter(registry, queries, services.rate_limiter, actions))


def _independent_features(
    services: Services,
    actions: JobActions,
    *,
    link: Callable[[str], str] | None,
    refunder: Refunder | None,
    capabilities: Capabilities,
) -> list[Feature]:
    """The features that no other one uses. A new feature is added here."""
    now, queries, styles = services.clock.now, services.queries, services.queries.styles()
    saved_styles, withholds = services.saved_styles, services.privacy.withholds
    return [
        AlbumActions(queries, services.albums, actions, now).feature(),
        HistoryCommands(queries).feature(),
        StatusCommands(services.albums, now).feature(),
        StyleGallery(styles, capabilities).feature(),
        SavedStyleCommands(saved_styles, withholds, now, link, capabilities).feature(),
        GroupCommands(services.groups, styles, now).feature(),
        PrivacyCommands(services.privacy, services.privacy_facts, services.jobs, capabilities).feature(),
        AdminCommands(services.admin, services.credits, now, refunder).feature(),
    ]
