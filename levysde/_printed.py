"""What every result has in common that prints itself."""

from __future__ import annotations

import textwrap
from typing import Any

from levysde._text import Row, as_html, as_latex, labeled, number, one_line, plain, shown_fields

INSTALL_PANDAS = "pip install '.[xarray]' in the folder of levysde"

_LONGEST_REPR = 160


class Printed:
    """A result that prints itself as one screen of text, as a table, and as plain values.

    The text, the lines of the table and the values are those of the fields of a dataclass, unless
    a class says something better in `summary`, `_rows` and `to_dict`.
    """

    def summary(self) -> str:
        """The result as text, at most one screen: what `print` shows.

        Returns
        -------
        str
        """
        pairs = [(field.name, _brief(getattr(self, field.name))) for field in shown_fields(self)]
        width = 2 + max((len(name) for name, _ in pairs), default=0)
        return f"{type(self).__name__}\n\n" + labeled(pairs, width)

    def to_dict(self) -> dict[str, Any]:
        """The result as values that JSON can hold.

        Returns
        -------
        dict
            Numbers that are infinite or NaN are None.
        """
        return {field.name: plain(getattr(self, field.name)) for field in shown_fields(self)}

    def to_dataframe(self) -> Any:
        """The table of the result as a pandas DataFrame.

        Returns
        -------
        pandas.DataFrame

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise ImportError(f"pandas is not installed: {INSTALL_PANDAS}") from error
        return pandas.DataFrame(self._frame())

    def to_latex(self) -> str:
        """The table of the result for LaTeX with the package booktabs.

        Returns
        -------
        str
        """
        return as_latex(self._rows())

    def _rows(self) -> list[Row]:
        """The lines of the table, with the same keys."""
        return [{name: _scalar(value) for name, value in self.to_dict().items()}]

    def _frame(self) -> Any:
        """What a data frame is made of: lines, or columns."""
        return self._rows()

    def _repr_html_(self) -> str:
        return as_html(repr(self), self._rows())

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        facts = [
            f"{field.name}={_brief(getattr(self, field.name))}" for field in shown_fields(self)
        ]
        return short_repr(self, ", ".join(facts))


def short_repr(value: object, facts: str) -> str:
    """The short form of an object: its class and some facts, on one line.

    Parameters
    ----------
    value : object
        The object.
    facts : str
        Names and values, cut where they are long.

    Returns
    -------
    str

    Examples
    --------
    >>> short_repr(3, "a=1")
    'int(a=1)'
    """
    name = type(value).__name__
    return f"{name}({textwrap.shorten(one_line(facts), _LONGEST_REPR - len(name) - 2)})"


def _brief(value: Any) -> str:
    """A value in a few words."""
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, float):
        return number(value)
    size = getattr(value, "size", 0)
    if size > 6:
        return f"array of shape {value.shape}"
    if size:
        value = value.tolist()
    if isinstance(value, list | tuple):
        if len(value) > 6:
            return f"{len(value)} values"
        return f"({', '.join(_brief(each) for each in value)})"
    if callable(value):
        return getattr(value, "__name__", type(value).__name__)
    return repr(value)


def _scalar(value: Any) -> Any:
    """What fits into a cell."""
    return str(value) if isinstance(value, list | dict) else value
