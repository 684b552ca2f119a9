"""The queue's order as a model without rows, and a watcher that holds any queue to the theorem of `storage.queue`."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field


@dataclass
class Photo:
    """One photo: its person, its look, and whether it is due and has its card (`ready`)."""

    person: str
    look: int
    turn: int
    ready: bool = True
    claimed: bool = False


@dataclass
class TurnModel:
    """What `storage.queue` does with rows, in memory. Photos have the numbers of their admission, from 0."""

    drawn: int = 0
    photos: dict[int, Photo] = field(default_factory=dict)
    admitted: int = 0

    def number(self, person: str) -> int | None:
        return min((photo.turn for photo in self.queued(person)), default=None)

    def queued(self, person: str | None = None) -> list[Photo]:
        return [p for p in self.photos.values() if not p.claimed and person in {None, p.person}]

    def numbers(self) -> dict[str, int]:
        return {photo.person: photo.turn for photo in self.queued()}

    def places(self) -> dict[str, int]:
        numbers = self.numbers()
        return {who: 1 + sum(other < mine for other in numbers.values()) for who, mine in numbers.items()}

    def may_take(self, person: str, looks: Collection[int]) -> bool:
        return any(photo.ready and photo.look in looks for photo in self.queued(person))

    def admit(self, person: str, look: int = 0) -> int:
        number = self.number(person)
        self.photos[self.admitted] = Photo(person, look, self._draw() if number is None else number)
        self.admitted += 1
        return self.admitted - 1

    def claim(self, looks: Collection[int]) -> int | None:
        fit = [(p.turn, n) for n, p in self.photos.items() if not p.claimed and p.ready and p.look in looks]
        if not fit:
            return None
        photo = self.photos[min(fit)[1]]
        photo.claimed = True
        if self.queued(photo.person):
            self._set(photo.person, self._draw())
        return min(fit)[1]

    def come_back(self, number: int) -> None:
        photo = self.photos[number]
        photo.claimed = False
        self._set(photo.person, min(other.turn for other in self.queued(photo.person)))

    def end(self, number: int) -> None:
        del self.photos[number]

    def _draw(self) -> int:
        self.drawn += 1
        return self.drawn

    def _set(self, person: str, turn: int) -> None:
        for photo in self.queued(person):
            photo.turn = turn


@dataclass
class Wait:
    """A person's wait for one account that could take a photo of theirs all the while."""

    place: int
    others: int = 0
    claimed: set[str] = field(default_factory=set)


@dataclass
class Watcher:
    """Steps through a model, and asserts (a)-(d) after each step. `accounts`: the looks that each offers."""

    accounts: tuple[frozenset[int], ...]
    model: TurnModel = field(default_factory=TurnModel)
    waits: dict[tuple[str, int], Wait] = field(default_factory=dict)
    # By person: who was claimed since their last claim, and whether one of theirs came back since.
    since: dict[str, set[str]] = field(default_factory=dict)
    could: dict[tuple[str, str, int], bool] = field(default_factory=dict)

    def admit(self, person: str, look: int = 0) -> int:
        before, is_first = self.model.places(), self.model.number(person) is None
        added = self.model.admit(person, look)
        if is_first:
            assert self.model.places()[person] == len(before) + 1, "(d): behind all, whoever it is"
        self._after(before)
        return added

    def claim(self, account: int) -> int | None:
        before = self.model.places()
        could = {who for who in before if self.model.may_take(who, self.accounts[account])}
        claimed = self.model.claim(self.accounts[account])
        if claimed is None:
            assert not could, "a photo that may be taken is"
            return None
        person = self.model.photos[claimed].person
        for who in could - {person}:
            wait = self.waits[who, account]
            wait.others += 1
            assert wait.others <= wait.place - 1, "(b): nobody starves"
        self._check_round(person, account)
        for key in [key for key in self.waits if key[0] == person]:
            del self.waits[key]
        before.pop(person)
        self._after(before)
        return claimed

    def come_back(self, number: int) -> None:
        before, photo = self.model.places(), self.model.photos[number]
        overtaken = {
            who
            for who, turn in self.model.numbers().items()
            if photo.turn < turn and who != photo.person and not self._is_before(photo.person, turn)
        }
        self.model.come_back(number)
        self.since.pop(photo.person, None)
        for who, after in self.model.places().items():
            assert after <= before.get(who, after) + (who in overtaken), "(a): by one for whoever comes back"
        for (who, _), wait in self.waits.items():
            wait.place += who != photo.person and self.model.numbers()[who] > photo.turn
        self._after(self.model.places())

    def change(self, number: int, *, ends: bool) -> None:
        """Cancel or end a photo; or let it become ready, or rest."""
        before = self.model.places()
        if ends:
            self.model.end(number)
        else:
            self.model.photos[number].ready ^= True
        self._after(before)

    def _is_before(self, person: str, turn: int) -> bool:
        number = self.model.number(person)
        return number is not None and number < turn

    def _check_round(self, person: str, account: int) -> None:
        """(c): between two claims of one person everybody else who could be taken all the while is claimed."""
        if person in self.since:
            for (of, who, by), could in self.could.items():
                if (of, by) == (person, account) and could:
                    assert who in self.since[person], f"(c): {who} waited while {person} came twice"
        for claimed in self.since.values():
            claimed.add(person)
        self.since[person] = set()
        self.could = {key: value for key, value in self.could.items() if key[0] != person}
        for by, looks in enumerate(self.accounts):
            for who in self.model.numbers():
                if who != person:
                    self.could[person, who, by] = self.model.may_take(who, looks)

    def _after(self, before: dict[str, int]) -> None:
        places = self.model.places()
        for who, place in places.items():
            assert place <= before.get(who, place), "(a): a place never rises"
        turns = list(self.model.numbers().values())
        assert len(set(turns)) == len(turns), "no two people have one number"
        for by, looks in enumerate(self.accounts):
            for who in {who for who, at in self.waits if at == by} | places.keys():
                if not self.model.may_take(who, looks):
                    self.waits.pop((who, by), None)
                elif (who, by) not in self.waits:
                    self.waits[who, by] = Wait(places[who])
        for of, who, by in self.could:
            self.could[of, who, by] &= self.model.may_take(who, self.accounts[by])


def random_steps(watcher: Watcher, choices: Iterable[int], people: str) -> Iterator[tuple[str, int, int]]:
    """Turn numbers into steps of the watcher; yields what was done: the step, its argument, and the photo."""
    for choice in choices:
        kind, argument = choice % 8, choice // 8
        waiting = [n for n, photo in watcher.model.photos.items() if not photo.claimed]
        taken = [n for n, photo in watcher.model.photos.items() if photo.claimed]
        match kind:
            case 0 | 1 | 2:
                person, look = people[argument % len(people)], argument // len(people) % 2
                yield "admit", look, watcher.admit(person, look)
            case 3 | 4:
                account = argument % len(watcher.accounts)
                claimed = watcher.claim(account)
                yield "claim", account, -1 if claimed is None else claimed
            case 5 if taken:
                number = taken[argument % len(taken)]
                watcher.come_back(number)
                yield "come back", 0, number
            case 6 if waiting:
                number = waiting[argument % len(waiting)]
                watcher.change(number, ends=False)
                yield "rest", 0, number
            case 7 if waiting or taken:
                number = (waiting + taken)[argument % len(waiting + taken)]
                watcher.change(number, ends=True)
                yield "end", 0, number
