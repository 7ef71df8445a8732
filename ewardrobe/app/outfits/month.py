"""A month of planned and worn outfits as HTML."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from html import escape

from ewardrobe.outfits.collage import collage_html
from ewardrobe.wardrobe.wear_log import days_worn


def worn_by_day(items: Iterable[Mapping]) -> dict[str, list[str]]:
    """Return the ids of what was worn on each ISO date of the wear logs."""
    days: dict[str, list[str]] = {}
    for item in items:
        for day in days_worn(item):
            days.setdefault(day, []).append(str(item["id"]))
    return days


def month_html(
    month: date,
    today: date,
    planned: Mapping[str, tuple[str, Sequence[Mapping], Mapping]],
    worn: Mapping[str, Sequence[Mapping]],
    picture: Callable[[Mapping], str],
) -> str:
    """Return the weeks of ``month``, Monday first.

    planned: title, items and layout by ISO date; worn: items by ISO date, shown where nothing is planned.
    """
    heads = "".join(f"<b>{name}</b>" for name in calendar.day_abbr)
    days = calendar.Calendar().itermonthdates(month.year, month.month)
    cells = "".join(_cell(day, month, today, planned, worn, picture) for day in days)
    return f"<div class='ew-month'>{heads}{cells}</div>"


def _cell(day: date, month: date, today: date, planned, worn, picture) -> str:
    key = day.isoformat()
    marks = ("away" if day.month != month.month else "") + (" today" if day == today else "")
    inside, title = "", ""
    if key in planned:
        name, items, layout = planned[key]
        inside, title = collage_html(items, picture, layout), name
    elif key in worn:
        inside, title = collage_html(worn[key], picture), "worn"
    label = f"<em>{escape(title)}</em>" if title else ""
    return f"<div class='{marks.strip()}'><span>{day.day}</span>{inside}{label}</div>"


MONTH_CSS = """<style>
.ew-month {display: grid; grid-template-columns: repeat(7, minmax(0, 1fr)); gap: 6px;}
.ew-month > b {font-size: 13px; font-weight: 600; padding: 0 6px;
  color: color-mix(in srgb, currentColor 70%, transparent);}
.ew-month > div {min-height: 84px; padding: 6px; border-radius: 8px; overflow: hidden;
  border: 1px solid color-mix(in srgb, currentColor 14%, transparent);}
.ew-month > div.away {opacity: .4;}
.ew-month > div.today {border: 2px solid var(--st-primary-color, #0f766e); padding: 5px;}
.ew-month > div > span {display: block; font-size: 13px; line-height: 1.4; font-variant-numeric: tabular-nums;}
.ew-month em {display: block; font: 12px sans-serif; padding-top: 3px; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; color: color-mix(in srgb, currentColor 78%, transparent);}
.ew-month .ew-collage {border-radius: 6px;}
.ew-month .ew-collage span b {font-size: 0; padding: 0;}
</style>"""
