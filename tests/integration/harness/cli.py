"""`limpet` as an operator calls it, once and to its end."""

import os
import subprocess

from .case import program


def limpet(*words, env=None):
    """The ended process: returncode, stdout, stderr."""
    return subprocess.run(
        [program("LIMPET"), *words],
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
