"""Figures of a study design: where records lie, who is tested, what was reached."""

import dataclasses
import math
import os
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float64

from jaxsdm.data import SiteTable, Split, Task
from jaxsdm.evaluation import canvas
from jaxsdm.evaluation.map_layout import (
    Located,
    map_aspect,
    map_extent,
    map_height_over_width,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MAP_INCHES = 5.0
_GREY = tuple(int(canvas.NO_DATA[i : i + 2], 16) / 255 for i in (1, 3, 5))
_PANEL_INCHES = 2.4
_FEW_FOLDS = len(canvas.COLOURS)


def records_map(task: Task, sites: SiteTable, path: str | os.PathLike[str]) -> None:
    """Map of the sites, coloured by their number of records, on the area in grey.

    Args:
      task: its background stands for the area.
      sites: with records or surveys.
      path: the image file; the suffix tells the format.

    Raises:
      ModuleNotFoundError: without matplotlib, naming the extra to install.
    """
    figure, ax = _map(sites)
    _area(ax, task)
    number = np.nansum(sites.counts, axis=1)
    order = np.argsort(number, kind="stable")
    dots = ax.scatter(
        sites.x[order],
        sites.y[order],
        c=np.log10(np.maximum(number[order], 1)),
        s=_dot(len(sites)),
        cmap=canvas.COLOUR_MAP,
        zorder=2,
    )
    figure.colorbar(dots, ax=ax, shrink=0.8, label="records at a site (log₁₀)")
    species = int(np.sum(np.nansum(sites.counts, axis=0) > 0))
    ax.set_title(
        f"{task.region}: {number.sum():,.0f} records of {species} species at "
        f"{len(sites):,} sites",
        fontsize=10,
    )
    canvas.save(figure, path)


def split_map(
    split: Split,
    x: Float64[np.ndarray, " sites"],
    y: Float64[np.ndarray, " sites"],
    path: str | os.PathLike[str],
    *,
    crs: str = "",
    tested: int | None = None,
    title: str = "",
) -> None:
    """Map of the folds of a split, or of one fold against what is trained on for it.

    Args:
      split: of the sites.
      x: `[sites]` easting or longitude, in the units of `crs`.
      y: `[sites]` northing or latitude.
      path: the image file; the suffix tells the format.
      crs: coordinate reference system, for labels.
      tested: the fold to show against its training and the sites that are left out of
        both; None shows all folds.
      title: over the map.

    Raises:
      ModuleNotFoundError: without matplotlib, naming the extra to install.
    """
    figure, ax = _map(_Places(x, y, crs))
    if tested is None:
        parts = {
            f"fold {n}": np.flatnonzero(split.fold == n) for n in range(split.folds)
        }
        parts["in no fold"] = np.flatnonzero(split.fold < 0)
    else:
        train, test = list(split)[tested]
        rest = np.setdiff1d(np.arange(len(x)), np.concatenate([train, test]))
        parts = {"trained on": train, f"held out, fold {tested}": test}
        parts["left out (buffer)"] = rest
    parts = {name: rows for name, rows in parts.items() if len(rows)}
    for number, (name, rows) in enumerate(parts.items()):
        look = canvas.style(number)
        ax.scatter(
            x[rows],
            y[rows],
            s=_dot(len(x)),
            marker=look["marker"],
            color=look["color"],
            linewidths=0,
            label=f"{name}: {len(rows):,} sites" if number < _FEW_FOLDS else None,
        )
    figure.legend(loc="outside right upper", frameon=False, fontsize=8, markerscale=2)
    untitled = f"{split.folds} folds" if tested is None else f"fold {tested} held out"
    ax.set_title(title or untitled, fontsize=10)
    canvas.save(figure, path)


def coverage_figure(task: Task, sites: SiteTable, path: str | os.PathLike[str]) -> None:
    """Histograms of every continuous predictor, at the sites and in the area.

    Args:
      task: its background stands for the area.
      sites: with records or surveys.
      path: the image file; the suffix tells the format.

    Raises:
      ValueError: the task has no continuous predictor.
      ModuleNotFoundError: without matplotlib, naming the extra to install.
    """
    names = task.continuous
    if not names:
        raise ValueError(f"coverage_figure: {task.name} has no continuous predictor.")
    across = min(4, len(names))
    down = math.ceil(len(names) / across)
    figure = canvas.new_figure(_PANEL_INCHES * across, 1.9 * down + 0.5)
    axes = figure.subplots(down, across, squeeze=False)
    tables = {"area": task.background, "sites": sites}
    looks = {"area": "#9a9a9a", "sites": canvas.COLOURS[1]}
    for number, ax in enumerate(axes.flat):
        ax.set_visible(number < len(names))
        if number >= len(names):
            continue
        values = {k: t.predictors[names[number]].to_numpy() for k, t in tables.items()}
        edges = np.histogram_bin_edges(np.concatenate([*values.values()]), 30)
        for key, v in values.items():
            ax.hist(
                v,
                edges,
                weights=np.full(len(v), 1 / len(v)),
                color=looks[key],
                histtype="stepfilled" if key == "area" else "step",
                lw=1.4,
                label=key,
            )
        ax.set_title(names[number], fontsize=8)
        ax.tick_params(labelsize=7)
        ax.set_yticks([])
    figure.supylabel("share of places", fontsize=8)
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside upper right", ncols=2, frameon=False, fontsize=8
    )
    canvas.save(figure, path)


@dataclasses.dataclass(frozen=True)
class _Places:
    x: np.ndarray
    y: np.ndarray
    crs: str


def _map(places: Located) -> tuple["Figure", "Axes"]:
    stretch = math.sqrt(map_height_over_width(places))
    figure = canvas.new_figure(
        _MAP_INCHES / stretch + 3.2, _MAP_INCHES * stretch + 0.9, layout="compressed"
    )
    ax = figure.subplots()
    ax.set_aspect(map_aspect(places))
    x_label, y_label = canvas.axis_labels(places.crs)
    ax.set_xlabel(x_label, fontsize=9)
    ax.set_ylabel(y_label, fontsize=9)
    ax.tick_params(labelsize=8)
    ax.ticklabel_format(style="plain", useOffset=False)
    ax.locator_params(nbins=5)
    return figure, ax


def _area(ax: "Axes", task: Task) -> None:
    """The area in grey: its raster, or else its background cells."""
    grid = task.grid
    if grid is None:
        x, y = task.background.x, task.background.y
        ax.scatter(x, y, s=_dot(len(x)), color=canvas.NO_DATA, linewidths=0, zorder=1)
        return
    land = grid.raster(np.zeros(len(grid.sites), np.float32))
    rgba = np.zeros((*land.shape, 4))
    rgba[~np.isnan(land)] = (*_GREY, 1)
    ax.imshow(rgba, extent=map_extent(grid), aspect=ax.get_aspect())


def _dot(number: int) -> float:
    """Area of a dot, in points: smaller the more there are."""
    return float(np.clip(20_000 / max(number, 1), 1.0, 12.0))
