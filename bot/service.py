"""Everything that a platform may ask of the core, in one value."""

from dataclasses import dataclass

from bot.manners import Groups
from bot.purse import Package, Purse
from bot.settings import Settings
from bot.studio import Studio


@dataclass(frozen=True)
class Service:
    """The studio for wishes, and one desk for each of the other things that people, groups and the owner want."""

    studio: Studio
    groups: Groups
    purse: Purse


def service_of(studio: Studio, settings: Settings) -> Service:
    """The desks round a studio."""
    database, clock = studio.database, studio.clock
    packages = tuple(Package(units, stars) for units, stars in settings.stars_packages)
    return Service(
        studio=studio,
        groups=Groups(database, clock),
        purse=Purse(database, clock, studio.rules, packages),
    )
