"""What a seed stands for: how a study is run, and what goes wrong with it, when."""

import dataclasses
import random

# Faults of processes, which any study may meet, and faults of the network, which need a relay.
PROCESS_FAULTS = {
    "kill worker": 6, "kill all workers": 1, "stop worker": 4, "stop coordinator": 1, "kill coordinator": 2, "interrupt": 1}
NETWORK_FAULTS = {"stall": 5, "cut": 5, "garble": 8, "drop bytes": 4, "double bytes": 2, "slow down": 2, "worker joins": 2, "worker leaves": 1}


@dataclasses.dataclass(frozen=True)
class Fault:
    # Seconds after the fault before.
    wait: float
    kind: str
    # How long it lasts, where it does.
    seconds: float
    # Which of those it may concern, as a fraction of their number.
    which: float
    # 1: to the coordinator, 2: to the worker, 3: both.
    directions: int

    def __str__(self):
        return f"+{self.wait:.2f} s {self.kind} ({self.seconds:.2f} s, {self.which:.2f}, {self.directions})"


class Schedule:
    """A study's faults; there are more than a study lasts for."""

    def __init__(self, seed, longest):
        """`longest`: the longest time, in seconds, that a fault lasts."""
        randomness = random.Random(seed)
        self.seed = seed
        self.is_local = randomness.random() < 0.4
        self.workers = randomness.randint(1, 4)
        kinds = dict(PROCESS_FAULTS) if self.is_local else {**PROCESS_FAULTS, **NETWORK_FAULTS}
        # Few kinds in some studies and many in others: one may hide what another would show.
        if randomness.random() < 0.5:
            kinds = {kind: kinds[kind] for kind in randomness.sample(sorted(kinds), randomness.randint(2, 4))}
        pace = randomness.choice((0.3, 0.6, 1.2))
        self.faults = [
            Fault(
                wait=randomness.expovariate(1 / pace), kind=randomness.choices(list(kinds), list(kinds.values()))[0],
                seconds=logarithmic(randomness, 0.05, longest), which=randomness.random(), directions=randomness.randint(1, 3))
            for _ in range(2000)]

    @property
    def description(self):
        place = "local" if self.is_local else "tcp"
        return f"{place}, {self.workers} worker{'s' if self.workers > 1 else ''}"


def logarithmic(randomness, least, most):
    return least * (most / least) ** randomness.random()
