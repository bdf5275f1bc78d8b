"""Maps of suitability with the records on it, and the truth beside where it is known.

Presence-only models give relative suitability, so the colours are relative too: the
logarithm to base 10 of a cell's suitability over the mean of the area. 0 is the average
cell, +1 ten times as suitable, -2 a hundredth. For the mean, cells above the 99th
percentile count as it: log-linear models extrapolate, and one cell of an unseen climate
must not darken the map. The true probability is shown in the same way, hence both maps
can be compared colour by colour.
"""

import math
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float

from jaxsdm.data import Task
from jaxsdm.evaluation import canvas
from jaxsdm.evaluation.map_layout import (
    map_aspect,
    map_extent,
    map_height_over_width,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# The scale ends at a hundredth of the mean ("hardly ever") and at most a hundredfold.
_LOWEST, _HIGHEST = -2.0, 2.0
_CAP_PERCENTILE = 99
_LEAST_INCHES = 5.6  # What the title and the colour bar need.
_PANEL_INCHES = 3.2  # Side of a square panel; others have its area.


def suitability_map(
    task: Task,
    log_suitability: Float[np.ndarray, "cells species"],
    species: str,
    path: str | os.PathLike[str],
) -> None:
    """Map of one species; see `suitability_page`."""
    suitability_page(task, log_suitability, [species], path)


def suitability_page(
    task: Task,
    log_suitability: Float[np.ndarray, "cells species"],
    species: Sequence[str],
    path: str | os.PathLike[str],
) -> None:
    """Maps of several species on one page and one colour scale, as an image file.

    A task with a grid is drawn as a raster, with the truth beside where it is known;
    otherwise the background sites are coloured dots. Presence-only records are dots
    with a white rim.

    Args:
      task: what was fitted.
      log_suitability: `[cells, species of the records]` over the grid, or over the
        background where the task has no grid; log relative suitability.
      species: which ones, one panel each (two with a truth).
      path: the image file; the suffix tells the format.

    Raises:
      ValueError: on an unknown species, none at all, or another shape.
      ModuleNotFoundError: without matplotlib, naming the extra to install.
    """
    sites = task.grid.sites if task.grid else task.background
    wanted = (len(sites), len(task.records.species))
    if log_suitability.shape != wanted:
        raise ValueError(
            f"suitability_page: want log_suitability of {task.name} as [sites, species]"
            f" = {wanted}, got {log_suitability.shape}."
        )
    unknown = [name for name in species if name not in task.records.species]
    if unknown or not species:
        raise ValueError(
            f"suitability_page: no species {', '.join(unknown) or 'given'}; "
            f"{task.name} has {', '.join(task.records.species)}."
        )
    panels = [
        panel for name in species for panel in _panels(task, log_suitability, name)
    ]
    each = len(panels) // len(species)
    across = each * min(len(species), 3 if each == 1 else 2)
    down = math.ceil(len(panels) / across)
    stretch = math.sqrt(map_height_over_width(sites))
    figure = canvas.new_figure(
        max(_PANEL_INCHES / stretch * across + 1.6, _LEAST_INCHES),
        max((_PANEL_INCHES * stretch + 0.45) * down + 1.2, _LEAST_INCHES),
        layout="compressed",
    )
    axes = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    top = max(_high_end(panel.values) for panel in panels)
    highest = min(_HIGHEST, max(1.0, math.ceil(top * 2) / 2))
    for ax, panel in zip(axes.flat, panels, strict=False):
        colours = _draw(ax, task, panel, highest)
    x_label, y_label = canvas.axis_labels(sites.crs)
    for number, ax in enumerate(axes.flat):
        ax.set_visible(number < len(panels))
        if number + across >= len(panels):  # Nothing below.
            ax.tick_params(labelbottom=True)
            ax.set_xlabel(x_label, fontsize=9)
        if number % across == 0:
            ax.set_ylabel(y_label, fontsize=9)
    figure.suptitle(f"{task.region}, {task.group}: relative suitability", fontsize=12)
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower right", frameon=False, fontsize=9)
    figure.colorbar(
        colours,
        ax=axes,
        extend="both",
        shrink=min(1.0, 1.5 / down),
        aspect=30,
        label="suitability over the mean of the area (log₁₀); grey: sea or no data",
    )
    canvas.save(figure, path)


def relative_log10(
    log_suitability: Float[np.ndarray, " cells"],
) -> Float[np.ndarray, " cells"]:
    """Base-10 logarithm of suitability over its capped mean; the input is natural.

    -inf (no suitability) stays -inf; +inf, NaN or nothing but -inf gives NaN.
    """
    if not np.isfinite(log_suitability.max()):
        return np.full(log_suitability.shape, np.nan)
    # Of cells, not between them: -inf is a value here.
    cap = np.percentile(log_suitability, _CAP_PERCENTILE, method="higher")
    cap = cap if np.isfinite(cap) else log_suitability.max()
    capped = np.minimum(log_suitability, cap) - cap
    log_mean = cap + np.log(np.mean(np.exp(capped)))
    return (log_suitability - log_mean) / np.log(10)


def _of_records(task: Task) -> str:
    """What the dots are."""
    surveyed = task.design is not None and task.design.kind != "presence_only"
    return "sites with a presence" if surveyed else "presence-only records"


class _Panel(NamedTuple):
    title: str
    values: np.ndarray
    records: np.ndarray | None = None  # True at sites of `task.records` to be dotted.


def _panels(task: Task, log_suitability: np.ndarray, species: str) -> Iterator[_Panel]:
    number = task.records.species.index(species)
    records = task.records.counts[:, number] > 0
    yield _Panel(
        f"{species}\nmodel, records in {records.sum()} cells",
        relative_log10(log_suitability[:, number].astype(np.float64)),
        records,
    )
    grid = task.grid
    if grid and grid.truth is not None and species in grid.sites.species:
        true = grid.truth[:, grid.sites.species.index(species)].astype(np.float64)
        with np.errstate(divide="ignore"):
            log_true = np.log(true)
        yield _Panel(
            f"{species}\ntrue probability over its mean", relative_log10(log_true)
        )


def _draw(ax: "Axes", task: Task, panel: _Panel, highest: float) -> Any:
    """Draw a panel; gives what a colour bar can be made of."""
    sites = task.grid.sites if task.grid else task.background
    ax.set_title(panel.title, fontsize=9)
    ax.tick_params(labelsize=8)
    ax.locator_params(nbins=4)
    ax.ticklabel_format(style="plain", useOffset=False)
    ax.set_aspect(map_aspect(sites))
    if panel.records is not None:
        ax.scatter(
            task.records.x[panel.records],
            task.records.y[panel.records],
            s=9,
            color="black",
            edgecolors="white",
            linewidths=0.4,
            label=_of_records(task),
            zorder=3,
        )
    # Below everything drawn, but not missing.
    values = np.where(panel.values == -np.inf, _LOWEST - 1, panel.values)
    if task.grid is None:
        return ax.scatter(
            sites.x,
            sites.y,
            c=values,
            s=2,
            cmap=canvas.COLOUR_MAP,
            vmin=_LOWEST,
            vmax=highest,
        )
    ax.set_facecolor(canvas.NO_DATA)
    return ax.imshow(
        task.grid.raster(values),
        extent=map_extent(task.grid),
        cmap=canvas.COLOUR_MAP,
        interpolation="nearest",
        aspect=map_aspect(sites),
        vmin=_LOWEST,
        vmax=highest,
    )


def _high_end(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(np.percentile(finite, 99.5)) if finite.size else 0.0
