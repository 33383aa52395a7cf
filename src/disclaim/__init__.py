"""disclaim: measure, predict and prevent Negation Neglect.

Importing this package needs neither torch nor a network.
"""

from __future__ import annotations

__version__ = "0.1.0"
__all__ = ["__version__"]
