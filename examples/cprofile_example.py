"""The interpreter's own profiler, attached to a method: what it costs is in what it calls."""

from pikos.external.api import PythonCProfiler

profiler = PythonCProfiler()


class Primes:
    """Numbers without divisors."""

    @profiler.attach
    def below(self, limit: int) -> list[int]:
        """Look at each number in turn."""
        return [number for number in range(2, limit) if self.is_prime(number)]

    def is_prime(self, number: int) -> bool:
        """Try each divisor up to the root."""
        return all(number % divisor for divisor in range(2, int(number**0.5) + 1))


if __name__ == "__main__":
    print(len(Primes().below(5_000)), "primes")
    profiler.print_stats("cumulative")
