"""A viewer's process has its garbage collector look at less, less often."""

from __future__ import annotations


def test_rows_are_not_looked_through_again_and_again(python):
    done = python(
        "-c",
        """if True:
        import gc
        from pikos.cli.collector import collect_seldom

        collect_seldom()
        looked = []
        gc.callbacks.append(lambda phase, _: looked.append(phase))
        rows = [(number, str(number)) for number in range(50_000)]
        print(len(looked), gc.get_freeze_count() > 1000, gc.isenabled())
        """,
    )

    assert done.stdout == "0 True True\n", done.stderr
