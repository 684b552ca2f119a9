"""Everything that a platform may ask of the core, in one value."""

import random
from dataclasses import dataclass

from bot.admin.service import Control
from bot.billing.credits import Package, Purse
from bot.config.settings import Settings
from bot.conversation.rate_limit import Restraint
from bot.groups.settings import Groups
from bot.jobs.albums import Albums
from bot.jobs.service import Studio
from bot.privacy.service import Care, PrivacyFacts, privacy_facts
from bot.saved_styles.service import Wardrobe


@dataclass(frozen=True)
class Service:
    """The studio for wishes, and one desk for each of the other things that people, groups and the owner want."""

    studio: Studio
    albums: Albums
    groups: Groups
    purse: Purse
    wardrobe: Wardrobe
    care: Care
    control: Control
    restraint: Restraint
    privacy: PrivacyFacts


def service_of(studio: Studio, settings: Settings, chance: random.Random) -> Service:
    """The desks round a studio. `chance` makes what nobody may guess, so let it be the system's."""
    database, clock = studio.database, studio.clock
    packages = tuple(Package(units, stars) for units, stars in settings.stars_packages)
    return Service(
        studio=studio,
        albums=Albums(studio),
        groups=Groups(database, clock),
        purse=Purse(database, clock, studio.rules, packages),
        wardrobe=Wardrobe(studio, chance),
        care=Care(studio),
        control=Control(database, studio.bell, clock, studio.lanes, studio.rules, frozenset(settings.admins)),
        restraint=Restraint(settings.messages_per_minute, clock.now),
        privacy=privacy_facts(settings),
    )
