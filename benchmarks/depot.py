"""A workload of many small objects: parcels that pass through the stations of a depot.

Each station is a task with a priority and an inbox; a scheduler lets the readiest one work, one
parcel at a time.  Nearly all of it is short methods, properties and calls through base classes,
as in object-oriented programs at large.
"""

from __future__ import annotations


class Parcel:
    """Something on its way."""

    def __init__(self, number: int, stops: int) -> None:
        self.number = number
        self.stops = stops
        self.next: Parcel | None = None

    @property
    def arrived(self) -> bool:
        """Whether no stop is left."""
        return self.stops == 0

    def pass_stop(self) -> None:
        """One stop less."""
        self.stops -= 1


class Inbox:
    """Parcels in the order in which they came."""

    def __init__(self) -> None:
        self.first: Parcel | None = None
        self.last: Parcel | None = None

    def is_empty(self) -> bool:
        """Whether there is none."""
        return self.first is None

    def put(self, parcel: Parcel) -> None:
        """Add one at the end."""
        parcel.next = None
        if self.last is None:
            self.first = parcel
        else:
            self.last.next = parcel
        self.last = parcel

    def take(self) -> Parcel:
        """Remove the first one."""
        parcel = self.first
        if parcel is None:
            raise IndexError("the inbox is empty")
        self.first = parcel.next
        if self.first is None:
            self.last = None
        return parcel


class Station:
    """A task: it works on one parcel at a time."""

    def __init__(self, depot: Depot, priority: int) -> None:
        self.depot = depot
        self.priority = priority
        self.inbox = Inbox()
        self.worked = 0

    def ready(self) -> bool:
        """Whether there is work."""
        return not self.inbox.is_empty()

    def receive(self, parcel: Parcel) -> None:
        """Have a parcel to work on."""
        self.inbox.put(parcel)

    def step(self) -> None:
        """Work on one parcel."""
        parcel = self.inbox.take()
        self.worked += 1
        self.handle(parcel)

    def handle(self, parcel: Parcel) -> None:
        """Do what this station does."""
        raise NotImplementedError


class Sorter(Station):
    """Sends each parcel to a carrier, or to the counter if it has arrived."""

    def handle(self, parcel: Parcel) -> None:
        """Choose where it goes."""
        if parcel.arrived:
            self.depot.counter.receive(parcel)
        else:
            self.depot.carrier_for(parcel).receive(parcel)


class Carrier(Station):
    """Carries each parcel one stop farther."""

    def handle(self, parcel: Parcel) -> None:
        """Carry it, and bring it back to be sorted."""
        parcel.pass_stop()
        self.depot.sorter.receive(parcel)


class Counter(Station):
    """Hands parcels out."""

    def __init__(self, depot: Depot, priority: int) -> None:
        super().__init__(depot, priority)
        self.handed_out: list[int] = []

    def handle(self, parcel: Parcel) -> None:
        """Hand it out."""
        self.handed_out.append(parcel.number)


class Depot:
    """The stations, and the scheduler."""

    def __init__(self, carriers: int) -> None:
        self.sorter = Sorter(self, 2)
        self.counter = Counter(self, 0)
        self.carriers = [Carrier(self, 1 + number) for number in range(carriers)]
        self.stations: list[Station] = [self.sorter, self.counter, *self.carriers]

    def carrier_for(self, parcel: Parcel) -> Carrier:
        """The one whose turn it is."""
        return self.carriers[(parcel.number + parcel.stops) % len(self.carriers)]

    def readiest(self) -> Station | None:
        """The station with work that has the highest priority."""
        best = None
        for station in self.stations:
            if station.ready() and (best is None or station.priority > best.priority):
                best = station
        return best

    def run(self) -> None:
        """Let the stations work until all parcels are handed out."""
        station = self.readiest()
        while station is not None:
            station.step()
            station = self.readiest()


def deliver(parcels: int) -> int:
    """Bring parcels through a depot; how many were handed out."""
    depot = Depot(carriers=3)
    for number in range(parcels):
        depot.sorter.receive(Parcel(number, number % 7))
    depot.run()
    return len(depot.counter.handed_out)
