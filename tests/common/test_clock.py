"""The database's clock, carried on by a steady one between two measurements."""

from dataclasses import dataclass

from common.clock import DatabaseClock


@dataclass
class Machine:
    """A machine's two clocks, moved by assignment."""

    wall: float = 1_000_000.0
    steady: float = 50.0


@dataclass
class Server:
    """A database whose answer takes `late` seconds of the machine's steady clock."""

    machine: Machine
    now_is: float
    late: float = 0.0

    async def now(self) -> float:
        self.machine.steady += self.late
        return self.now_is


def shared(server: Server) -> DatabaseClock:
    return DatabaseClock(server.now, steady=lambda: server.machine.steady)


async def test_machines_with_different_clocks_agree_on_the_databases_time() -> None:
    machines = [Machine(wall=1_000_000.0), Machine(wall=9_000_000.0, steady=7.0)]
    clocks = [shared(Server(machine, 2_000_000.0)) for machine in machines]
    for clock in clocks:
        await clock.measure()
    for machine in machines:
        machine.steady += 60
        machine.wall += 3600
    assert [clock.now() for clock in clocks] == [2_000_060.0, 2_000_060.0]


async def test_the_answer_is_taken_from_the_middle_of_its_round_trip() -> None:
    clock = shared(Server(Machine(), 2_000_000.0, late=0.4))
    await clock.measure()
    assert clock.now() == 2_000_000.2


async def test_time_does_not_go_back_when_the_databases_clock_is_set_back() -> None:
    server = Server(Machine(), 2_000_000.0)
    clock = shared(server)
    await clock.measure()
    server.machine.steady += 10
    assert clock.now() == 2_000_010.0
    server.now_is -= 3600
    await clock.measure()
    assert clock.now() == 2_000_010.0
    server.now_is += 7200
    await clock.measure()
    assert clock.now() == 2_003_600.0


async def test_a_slow_answer_is_asked_for_again() -> None:
    machine, delays = Machine(), [3.0, 2.0, 0.25, 9.0]

    async def read() -> float:
        machine.steady += delays.pop(0)
        return 2_000_000.0

    clock = DatabaseClock(read, steady=lambda: machine.steady)
    await clock.measure()
    assert (clock.now(), delays) == (2_000_000.125, [9.0])
