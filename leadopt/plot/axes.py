"""Axes for plots: figures without pyplot that a notebook shows, and names along an axis that never overlap."""

from collections.abc import Sequence
from io import BytesIO
from math import ceil, floor

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, Locator

from leadopt.progress import loaded

_LONGEST = 34  # characters of a name
_LINE = 1.4  # from one line of text to the next, in font sizes


class OwnAxes(Axes):
    """Axes of a figure that pyplot does not keep: no display is needed, and none has to be closed.

    A notebook shows them where they are what a cell ends with.
    """

    def _repr_png_(self) -> bytes:
        loaded("PIL.Image")
        from PIL import Image  # matplotlib needs it too

        drawn, small = BytesIO(), BytesIO()
        self.figure.figure.savefig(drawn, format="png")  # of a part of a figure: the whole
        # A notebook keeps every picture: with a palette it is a third of the size, and no colour is off by 8 of 255.
        full = Image.open(drawn).convert("RGB")
        palette = full.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        palette.save(small, format="png", optimize=True)
        return small.getvalue()


def new_axes(width: float, height: float) -> Axes:
    """Return the axes of a new figure of this size in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure.add_subplot(axes_class=OwnAxes)


class _Places(Locator):
    """Ticks at 0, 1, ..., n - 1; only every so many, the first in view always, where labels would overlap."""

    def __init__(self, along: Axis, n: int, points: float) -> None:
        self.along, self.n, self.points = along, n, points

    def __call__(self) -> list[int]:
        low, high = sorted(self.along.get_view_interval())
        return self.tick_values(low, high)

    def tick_values(self, vmin: float, vmax: float) -> list[int]:
        """Return the places between two values, as many as there is room for."""
        axes = self.along.axes
        length = axes.bbox.height if self.along is axes.yaxis else axes.bbox.width
        apart = (vmax - vmin) * self.points / max(1.0, length * 72 / axes.figure.dpi)
        return list(range(max(0, ceil(vmin)), min(self.n - 1, floor(vmax)) + 1, max(1, ceil(apart))))


def name_places(axis: Axis, names: Sequence[object], *, size: float = 8.0, upright: bool = False) -> None:
    """Write names at 0, 1, ... along an axis, as many as there is room for, also after zooming.

    Parameters
    ----------
    axis
        ``ax.xaxis`` or ``ax.yaxis``
    names
        one for each place
    size
        of the font in points
    upright
        whether they are read from below, so that long ones fit below an axis
    """
    texts = [plain(name) for name in names]

    def name_of(place: float, _: object) -> str:
        return texts[round(place)] if 0 <= round(place) < len(texts) else ""

    axis.set_major_locator(_Places(axis, len(texts), size * _LINE))
    axis.set_major_formatter(FuncFormatter(name_of))
    axis.set_tick_params(labelsize=size, labelrotation=90.0 if upright else 0.0, length=0)


def plain(name: object) -> str:
    r"""Return a name on one line, shortened, its dollars escaped, which would stand for mathematics.

    >>> print(plain("a cost of $5\nor $6"), plain("x" * 40))
    a cost of \$5 or \$6 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
    """
    text = " ".join(str(name).split())
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return text.replace("$", r"\$")
