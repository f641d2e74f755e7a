"""Synthetic networks of any size: invented practices whose sizes and payer mix look like Michigan's.

Nothing here describes a real practice. The constants give the shape; the catalog gives measures, typical
rates and ids; a seed makes the same network every time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel

from critmass.domain.catalog import Catalog
from critmass.domain.errors import InputError, Problem
from critmass.domain.network import ORGANIZATION, SHEETS, Network, Population
from critmass.network.defaults import panel_defaults
from critmass.network.fill import STRATA, complete_network
from critmass.network.sample_shape import (
    ANSWERS,
    CARRIED_SHARES,
    CHARGES_PER_MEMBER,
    CLINICIAN_COUNT_SHARES,
    FAMILY_NAMES,
    MEMBERS_PER_CLINICIAN,
    MEMBERS_PER_CLINICIAN_SPREAD,
    MIX_CONCENTRATION,
    NUMBER_ANSWERS,
    ORGANIZATION_STARTUP_PER_PRACTICE_USD,
    PLACE_NAMES,
    PLACE_KINDS,
    POPULATION_SHARES,
    PRACTICE_STARTUP_PER_CLINICIAN_USD,
    PRIOR_YEAR_GAP,
    RATE_CONCENTRATION,
    SPENDING_PER_MEMBER,
    STAFF_IN_PLACE,
    WORKFLOWS_IN_PLACE,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
