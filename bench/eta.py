"""Do promised times hold? People ask for photos, and every few seconds each who waits is told a time; when the picture
has come, it shows which of these times were kept.

The painting, the arrivals and the time are simulated; what is told and what is learned from each task is the bot's own
(`bot.domain.eta`). The peer is what the bot told before: place × the mean of all tasks.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.report import Aim, Section, Table, publish
from bot.domain import eta
from bot.domain.eta import AccountLoad, Forecast, HeldSlot, Speed, Timing
from bot.domain.poll_schedule import ALPHA
from bot.worker.accounts import CLOUD_SPEED, STAND_IN_SPEED

EVERY_SECONDS = 3.0  # between two times that somebody is told
RUSH_AT, RUSH = 900.0, 14  # so many people come within a minute
RESTART_AT, RESTART_SECONDS = 1500.0, 8.0
OUTAGE_AT, OUTAGE_SECONDS = 2400.0, 240.0
NOTICED_SECONDS = 12.0  # after its beginning an outage shows
END = 4000.0
STEP_SECONDS = 0.2
AFTER = Timing(1.0, 0.4)  # from a task's end until its card shows the picture


@dataclass(frozen=True)
class Painter:
    """An account of the simulated service. `seconds`: what a task in a style takes."""

    slots: int
    speed: Speed
    seconds: Callable[[int, random.Random], float]


@dataclass
class Photo:
    style: int
    asked: float
    begun: float | None = None
    painter: int = 0
    ends: float = float("inf")
    is_odd: bool = False  # its task ran through an outage or a restart: nothing is learned from it
    told: list[tuple[float, Forecast, float]] = field(default_factory=list)  # when, by us, and by the peer


@dataclass
class Told:
    """What was told and what came: seconds."""

    most: float
    likely: float
    actual: float


@dataclass
class Installation:
    """The bot in front of its painters. `mean`: of all tasks, for the peer."""

    painters: Sequence[Painter]
    rng: random.Random
    speeds: list[Speed]
    mean: float
    now: float = 0.0
    waiting: list[Photo] = field(default_factory=list)
    running: list[Photo] = field(default_factory=list)
    ours: list[Told] = field(default_factory=list)
    peers: list[Told] = field(default_factory=list)

    def claim(self) -> None:
        for number, painter in enumerate(self.painters):
            held = sum(photo.painter == number for photo in self.running)
            for _ in range(painter.slots - held):
                if self.waiting:
                    photo = self.waiting.pop(0)
                    photo.begun, photo.painter = self.now, number
                    photo.ends = self.now + painter.seconds(photo.style, self.rng)
                    self.running.append(photo)

    def finish(self) -> None:
        """Tasks that are over by now."""
        for photo in [one for one in self.running if one.ends <= self.now]:
            self.running.remove(photo)
            took = self.now - (photo.begun or 0.0)
            if not photo.is_odd:
                self.speeds[photo.painter] = self.speeds[photo.painter].updated_with(photo.style, took)
                self.mean += ALPHA * (took - self.mean)
            came = self.now + max(0.2, self.rng.gauss(AFTER.mean, AFTER.deviation))
            for at, forecast, peer in photo.told:
                self.ours.append(Told(forecast.most, forecast.likely, came - at))
                self.peers.append(Told(peer, peer, came - at))

    def tell(self) -> None:
        loads = [
            AccountLoad(
                painter.slots,
                self.speeds[number],
                tuple(
                    HeldSlot(photo.style, self.now - (photo.begun or 0.0))
                    for photo in self.running
                    if photo.painter == number
                ),
                after=AFTER,
            )
            for number, painter in enumerate(self.painters)
        ]
        for place, photo in enumerate(self.waiting):
            told = eta.forecast_queued(loads, [one.style for one in self.waiting[:place]], photo.style)
            assert told is not None
            photo.told.append((self.now, told, self._by_mean(place + 1)))

    def _by_mean(self, place: int) -> float:
        """The peer: what the bot told before it learned by style."""
        oldest = min((photo.begun or 0.0 for photo in self.running), default=self.now)
        rest = max(self.mean * 0.1, self.mean - (self.now - oldest)) if self.running else 0.0
        return rest + -(-place // sum(painter.slots for painter in self.painters)) * self.mean

    def note_oddity(self) -> None:
        """What runs now says nothing about how long tasks take."""
        for photo in self.running:
            photo.is_odd = True

    def lose_promises(self) -> None:
        """An outage withdraws what was told."""
        for photo in (*self.waiting, *self.running):
            photo.told.clear()


def arrivals(rng: random.Random, every: float) -> list[float]:
    """When people come: at random, and many at once in a rush."""
    times, at = [RUSH_AT + rng.uniform(0, 60) for _ in range(RUSH)], 0.0
    while (at := at + rng.expovariate(1 / every)) < END - 600:
        times.append(at)
    return sorted(times)


def simulate(painters: Sequence[Painter], every: float, seed: int, styles: Sequence[int]) -> Installation:
    """An hour with a rush, a restart and an outage. `every`: seconds between two people, on average."""
    rng = random.Random(seed)  # for a simulation
    here = Installation(painters, rng, [one.speed for one in painters], painters[0].speed.guess)
    coming, next_told = arrivals(rng, every), 0.0
    while here.now < END:
        here.now += STEP_SECONDS
        while coming and coming[0] <= here.now:
            here.waiting.append(Photo(rng.choice(styles), coming.pop(0)))
        if RESTART_AT <= here.now < RESTART_AT + RESTART_SECONDS:  # what was learned is in the rows
            here.note_oddity()
        elif OUTAGE_AT <= here.now < OUTAGE_AT + OUTAGE_SECONDS:
            here.note_oddity()
            for photo in here.running:  # painting stands still
                photo.ends += STEP_SECONDS
            if here.now >= OUTAGE_AT + NOTICED_SECONDS:
                here.lose_promises()
                continue
        else:
            here.finish()
            here.claim()
        if here.now >= next_told:
            next_told = here.now + EVERY_SECONDS
            here.tell()
    return here


@dataclass(frozen=True)
class Kept:
    """Of what was told: how many times, the share that was kept, and the median error of the likely time."""

    readings: int
    kept: float
    error: float

    @classmethod
    def of(cls, told: Sequence[Told]) -> "Kept":
        kept = sum(one.actual <= one.most for one in told) / len(told)
        return cls(len(told), kept, median(abs(one.likely - one.actual) / one.actual for one in told))


def by_look(factor: float) -> Callable[[int, random.Random], float]:
    """The stand-in's painting on a machine that takes `factor` times as long as the one that was measured."""
    return lambda style, rng: STAND_IN_SPEED.guesses[style] * factor * rng.lognormvariate(0.0, 0.12) + 0.4


def by_cloud(mean: float, deviation: float) -> Callable[[int, random.Random], float]:
    """The cloud's painting, which hardly depends on the style."""
    return lambda _, rng: max(0.4 * mean, rng.gauss(mean, deviation))


LOOKS = sorted(STAND_IN_SPEED.guesses)
CASES: dict[str, tuple[tuple[Painter, ...], float, Sequence[int]]] = {
    "stand-in": ((Painter(1, STAND_IN_SPEED, by_look(1.0)),), 7.0, LOOKS),
    "stand-in on a machine three times as slow": ((Painter(1, STAND_IN_SPEED, by_look(3.0)),), 18.0, LOOKS),
    "cloud, one slot": ((Painter(1, CLOUD_SPEED, by_cloud(15.0, 3.75)),), 25.0, LOOKS),
    "cloud, slower than guessed": ((Painter(1, CLOUD_SPEED, by_cloud(28.0, 4.0)),), 45.0, LOOKS),
    "cloud, two accounts, one with two slots": (
        (Painter(1, CLOUD_SPEED, by_cloud(24.0, 3.0)), Painter(2, CLOUD_SPEED, by_cloud(12.0, 2.0))),
        7.0,
        LOOKS,
    ),
}


def measure(case: str, seeds: Sequence[int]) -> tuple[Kept, Kept]:
    """What was kept of our times and of the peer's, over some hours."""
    runs = [simulate(painters, every, seed, styles) for seed in seeds for painters, every, styles in [CASES[case]]]
    return Kept.of([one for run in runs for one in run.ours]), Kept.of([one for run in runs for one in run.peers])


def section(results: dict[str, tuple[Kept, Kept]]) -> Section:
    """The section of the report."""
    rows = [
        (
            name,
            f"{ours.readings}",
            f"{ours.kept:.1%}",
            f"{peer.kept:.1%}",
            f"{ours.error:.1%}",
            f"{peer.error:.1%}",
        )
        for name, (ours, peer) in results.items()
    ]
    head = ("painted by", "times told", "kept", "by place × mean", "median error", "by place × mean")
    least = min(ours.kept for ours, _ in results.values())
    most = max(ours.error for ours, _ in results.values())
    aims = (
        Aim("times that were kept, at least", "≥ 90 %", f"{least:.1%}", least >= 0.9),
        Aim("median error, at most", "≤ 15 %", f"{most:.1%}", most <= 0.15),
    )
    how = f"""
        People come at random, {RUSH} of them in one minute; the bot is restarted and the painting service is away for
        four minutes. Every {EVERY_SECONDS:.0f} s everybody whose photo waits is told a time. It was kept if the picture
        came before its upper bound; the error is that of the likely time. What an outage withdraws does not count.
        Painting, arrivals and time are simulated, what is told and learned is the bot's own.
    """
    return Section("eta", "Promised times", how, [Table(head, rows)], aims)


def main() -> None:
    """Print the results and write them to the page."""
    publish(section({case: measure(case, range(6)) for case in CASES}))
