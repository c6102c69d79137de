"""``pikos export``: write a profile, or records, in the format of another tool."""

from __future__ import annotations

import argparse

from pikos.cli.execution import check_outfile
from pikos.cli.source import configure_target, target_of
from pikos.cli.state import state_of
from pikos.cli.streams import print_error
from pikos.cli.whole_file import whole_file
from pikos.errors import ExportError
from pikos.export.formats import FORMATS, export
from pikos.export.labels import unstacked_text

HELP = "write a profile or records in the format of another tool"

EXAMPLES = """\
formats:
{formats}

examples:
  pikos export session.pikos -f speedscope -o session.json
  pikos export 4003 -f callgrind -o callgrind.out      what process 4003 has done so far
  pikos export session.pikos -f pstats -o session.pstats

A recording is exported as it was at its end, a program as it is now. Calls that have not returned
count with their time so far, and not as calls; --returned-only leaves them out.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options to the verb's parser.

    Parameters
    ----------
    parser
        The parser of ``pikos export``.

    """
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    formats = "\n".join(f"  {name:<12}{form.meaning}" for name, form in FORMATS.items())
    parser.epilog = EXAMPLES.format(formats=formats)
    configure_target(parser, recordings=True)
    add = parser.add_argument
    add("-f", dest="form", required=True, choices=FORMATS, metavar="FORMAT", help="see below")
    add(
        "-o",
        dest="outfile",
        required=True,
        metavar="OUT",
        help="where to write; - for standard output",
    )
    add("--returned-only", action="store_true", help="leave out calls that have not returned")
    add("--full-paths", action="store_true", help="whole paths in each frame (collapsed)")
    parser.set_defaults(fail=parser.error, prog="pikos export")


def run(options: argparse.Namespace) -> int:
    """Write the file, whole or not at all.

    Parameters
    ----------
    options
        The command line.

    Returns
    -------
    int
        0.

    Raises
    ------
    ExportError
        If the format has no place for what the session publishes, or the file cannot be written.

    """
    check_outfile(
        options, is_binary=options.form == "pstats", inputs=filter(None, (options.target,))
    )
    snapshot = state_of(options.prog, target_of(options.target), keys=options.keys)
    if options.returned_only:
        snapshot = snapshot.returned()
    try:
        with whole_file(options.outfile) as file:
            file.writelines(export(snapshot, options.form, full_paths=options.full_paths))
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ExportError(options.form, f"{options.outfile}: {error.strerror}") from None
    folded = unstacked_text(snapshot)
    if folded:
        print_error(f"pikos: {folded}; counts of functions and callers are exact")
    return 0
