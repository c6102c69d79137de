"""A Celery worker with a pool of threads works through 2,000 tasks."""

from benchmarks.real.program import Program

PROGRAM = Program(
    "celery",
    ("celery[pytest]",),
    """
from celery import Celery, group
from celery.contrib.testing.worker import start_worker

app = Celery("tasks", broker="memory://", backend="cache+memory://")

@app.task
def fibonacci(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a % 1_000_003

with start_worker(app, pool="threads", concurrency=8, perform_ping_check=False, loglevel="ERROR"):
    results = [fibonacci.delay(n % 300) for n in range(2_000)]
    print(sum(result.get(timeout=600, disable_sync_subtasks=False) for result in results))
""",
)
