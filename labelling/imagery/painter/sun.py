"""Where the sun stands when a Sentinel-2 satellite passes."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta

NODE = timedelta(hours=10, minutes=30)
"""Mean local solar time at the descending node, over the equator."""
INCLINATION = math.radians(98.62)
PERIOD = timedelta(minutes=100.6)


def overpass(day: date, *, longitude: float, latitude: float) -> datetime:
    """UTC moment at which the satellite passes a place (degrees, below 81 north) on `day`.

    North of the equator it comes before the node, but further east, where the sun is ahead: at 59
    degrees local solar time is 11:11.
    """
    north = math.radians(latitude)
    east = math.asin(-math.tan(north) / math.tan(INCLINATION))  # of the node
    before = PERIOD * (math.asin(math.sin(north) / math.sin(INCLINATION)) / (2 * math.pi))
    solar = NODE - before + timedelta(hours=math.degrees(east) / 15)
    return datetime.combine(day, time(), tzinfo=UTC) + solar - timedelta(hours=longitude / 15)


def sun_angles(moment: datetime, *, longitude: float, latitude: float) -> tuple[float, float]:
    """(azimuth clockwise from north, zenith) in degrees.

    Declination and equation of time by Spencer's series (1971), good to a quarter of a degree.
    """
    day = 2 * math.pi * (moment.timetuple().tm_yday - 1) / 365
    declination = (
        0.006918 - 0.399912 * math.cos(day) + 0.070257 * math.sin(day)
        - 0.006758 * math.cos(2 * day) + 0.000907 * math.sin(2 * day)
    )  # fmt: skip
    equation = 229.18 * (
        0.000075 + 0.001868 * math.cos(day) - 0.032077 * math.sin(day)
        - 0.014615 * math.cos(2 * day) - 0.040849 * math.sin(2 * day)
    )  # fmt: skip
    minutes = moment.hour * 60 + moment.minute + moment.second / 60 + equation + 4 * longitude
    hour = math.radians(minutes / 4 - 180)
    north = math.radians(latitude)
    up = math.sin(north) * math.sin(declination) + math.cos(north) * math.cos(
        declination
    ) * math.cos(hour)
    east = -math.cos(declination) * math.sin(hour)
    ahead = math.cos(north) * math.sin(declination) - math.sin(north) * math.cos(
        declination
    ) * math.cos(hour)
    return math.degrees(math.atan2(east, ahead)) % 360, math.degrees(math.acos(up))
