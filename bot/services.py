"""Everything that a platform may ask of the core, in one value."""

import random
from dataclasses import dataclass

from bot.admin.service import AdminService
from bot.billing.credits import CreditPackage, CreditService
from bot.config.settings import Settings
from bot.conversation.rate_limit import RateLimiter
from bot.groups.settings import GroupService
from bot.jobs.albums import AlbumService
from bot.jobs.service import JobService
from bot.privacy.service import PrivacyFacts, PrivacyService, privacy_facts
from bot.saved_styles.service import SavedStyleService


@dataclass(frozen=True)
class Services:
    """The studio for wishes, and one desk for each of the other things that people, groups and the owner want."""

    job_service: JobService
    albums: AlbumService
    groups: GroupService
    credits: CreditService
    saved_styles: SavedStyleService
    privacy: PrivacyService
    admin: AdminService
    rate_limiter: RateLimiter
    privacy_facts: PrivacyFacts


def build_services(job_service: JobService, settings: Settings, chance: random.Random) -> Services:
    """The desks round a studio. `chance` makes what nobody may guess, so let it be the system's."""
    database, clock = job_service.database, job_service.clock
    packages = tuple(CreditPackage(units, stars) for units, stars in settings.stars_packages)
    return Services(
        job_service=job_service,
        albums=AlbumService(job_service),
        groups=GroupService(database, clock),
        credits=CreditService(database, clock, job_service.rules, packages),
        saved_styles=SavedStyleService(job_service, chance),
        privacy=PrivacyService(job_service),
        admin=AdminService(
            database, job_service.wakeups, clock, job_service.capacity, job_service.rules, frozenset(settings.admins)
        ),
        rate_limiter=RateLimiter(settings.messages_per_minute, clock.now),
        privacy_facts=privacy_facts(settings),
    )
