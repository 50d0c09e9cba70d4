"""How a command ends that cannot do its work: one readable message and an exit status."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

from service.errors import ConfigurationError, PrereadError

# As argument parsers have it: 1 the work failed, 2 the command or the configuration is wrong.
EXIT_FAILED = 1
EXIT_MISUSED = 2


@contextmanager
def told_to_the_person() -> Iterator[None]:
    """Errors of ours end the process. Raises SystemExit."""
    try:
        yield
    except PrereadError as error:
        Console(stderr=True).print(f"[bold red]error:[/] {escape(str(error))}", highlight=False)
        sys.exit(EXIT_MISUSED if isinstance(error, ConfigurationError) else EXIT_FAILED)
