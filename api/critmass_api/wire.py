"""What goes over the wire: strict requests, and answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, GetPydanticSchema, WithJsonSchema
from pydantic_core import core_schema
from typing_extensions import TypeAliasType

from critmass.catalog.coverage import GRADES
from critmass.domain.network import SHEETS, Column, ColumnKind, Sheet
from critmass.domain.scenario import Scenario, SolveOptions
from critmass.report.coordinating_schema import CoordinatingDocument
from critmass.report.explanation_schema import ExplanationDocument
from critmass.report.gaps_schema import GapsDocument
from critmass.report.schema import PlanDocument
from critmass.studies.sharing.rules import Rule
from critmass.studies.sharing.share import DEFAULT_RULE
from critmass_api.problems import ProblemDetails

# Requests ---------------------------------------------------------------------------------------------

_JSON_TYPES: dict[ColumnKind, dict[str, Any]] = {
    "text": {"type": ["string", "number"]},
    "choice": {"type": ["string", "number"]},
    "count": {"type": "integer", "minimum": 0},
    "usd": {"type": "number", "minimum": 0},
    "fraction": {"type": "number", "minimum": 0, "maximum": 1},
    "number": {"type": "number", "minimum": 0},
    "yes_no": {"type": "boolean"},
}


def tables_schema() -> dict[str, Any]:
    """JSON schema of a network's tables: one list of rows for each sheet."""
    return {
        "type": "object",
        "description": "Rows by sheet, with the names of the network workbook. A blank is null or left out; "
        "texts that a workbook cell may hold, such as '1,250' or 'yes', are read too. Errors count rows as a "
        "sheet does, below its header: the first is row 2.",
        "additionalProperties": False,
        "required": [sheet.name for sheet in SHEETS if sheet.required],
        "properties": {sheet.name: _sheet_schema(sheet) for sheet in SHEETS},
    }


def _sheet_schema(sheet: Sheet) -> dict[str, Any]:
    row = {
        "type": "object",
        "additionalProperties": False,
        "required": [column.name for column in sheet.columns if column.required],
        "properties": {column.name: _cell_schema(column) for column in sheet.columns},
    }
    return {"type": "array", "description": sheet.help, "items": row}


def _cell_schema(column: Column) -> dict[str, Any]:
    schema = dict(_JSON_TYPES[column.kind])
    if not column.required:
        types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        schema["type"] = [*types, "null"]
    return {"description": column.help, **schema}


_CELL = core_schema.union_schema(
    [
        core_schema.str_schema(strict=True),
        core_schema.int_schema(strict=True),
        core_schema.float_schema(strict=True, allow_inf_nan=False),
        core_schema.bool_schema(strict=True),
        core_schema.none_schema(),
    ],
    custom_error_type="cell",
    custom_error_message="a cell holds a text, a number, true, false or null",
)
Cell = Annotated[str | int | float | bool | None, GetPydanticSchema(lambda _source, _handler: _CELL)]
Tables = TypeAliasType("Tables", Annotated[dict[str, list[dict[str, Cell]]], WithJsonSchema(tables_schema())])


class Request(BaseModel):
    """Base of every request: types are taken literally, and unknown keys are refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class NetworkRequest(Request):
    """A network to check."""

    tables: Tables


class SettlementRequest(NetworkRequest):
    """A network whose contracts are settled as things stand, under the terms that the scenario asks for."""

    scenario: Scenario = Scenario()


_USUAL = SolveOptions()


class PlanOptions(Request):
    """How hard to try. The search stops at the certified relative `gap`, or at the time limit."""

    gap: float = Field(default=_USUAL.gap, ge=0, le=1)
    time_limit_seconds: float = Field(default=_USUAL.time_limit_seconds, gt=0, le=3600)
    seed: int = Field(default=_USUAL.seed, ge=0)


class PlanRequest(SettlementRequest):
    """A network to plan for."""

    options: PlanOptions = PlanOptions()


class GapsRequest(PlanRequest):
    """A network in which to look for what payers leave unpaid; `as_it_stands` looks at it as it is, without planning.
    `payer` limits the answer to one payer's column and what concerns it."""

    payer: str | None = None
    as_it_stands: bool = False


class CoordinationRequest(PlanRequest):
    """A network and what payers together are to reach in it. The time limit is for all of it."""

    target: str = Field(description="`80%` or `0.8` of the members, `10` practices, or `P001,P002`.")
    most_pmpm_usd: dict[str, float] = Field(default={}, description="By payer: the most that it adds, PMPM.")
    uniform: bool = Field(default=False, description="One PMPM at every practice, instead of what each one needs.")


class ExplanationRequest(PlanRequest):
    """A network to plan for and to explain the plan of, or one program, practice, workflow or payer of it.

    `options.time_limit_seconds` is for each plan that is made on the way; after `total_seconds` the job is ended.
    """

    program: str | None = None
    practice: str | None = None
    workflow: str | None = None
    payer: str | None = None
    fronts: bool = Field(default=False, description="Also mass against margin, and money against effort.")
    total_seconds: float = Field(default=900, gt=0, le=3600)


class GameRequest(Request):
    """A joint cost or value to share: `game` has `kind` (cost or value), `values` by coalition with players joined by
    `+`, and optionally `players` with `members` and `benefit_usd`."""

    game: dict[str, Any]
    rule: Rule = DEFAULT_RULE


# Networks ---------------------------------------------------------------------------------------------


class Answer(BaseModel):
    """Base of every answer."""

    model_config = ConfigDict(frozen=True)


class PopulationSize(Answer):
    """Members of a payer and line of business."""

    payer: str
    line_of_business: str
    members: int


class NetworkSummary(Answer):
    """What was read from a network. `hash` names its content, whatever the format."""

    name: str
    hash: str
    synthetic: bool
    practices: int
    members: int
    populations: tuple[PopulationSize, ...]
    panel_rows_with_typical_strata: int = Field(
        description="Panel rows where the members of a stratum were blank and a typical share was taken."
    )


class NetworkChecked(Answer):
    """A network with nothing wrong in it."""

    network: NetworkSummary
    tables: Tables | None = Field(
        default=None, description="A workbook's rows, ready to be sent in later requests; null for JSON."
    )


class JobAccepted(Answer):
    """What the check before a job hands on: how long it may take, and of what it is."""

    network: NetworkSummary
    scenario: str
    time_limit_seconds: float


# Jobs -------------------------------------------------------------------------------------------------

JobState = Literal["queued", "running", "succeeded", "failed", "cancelled"]


class JobProgress(Answer):
    """Where a search stands; null while a number is not known. `gap` is relative."""

    stage: str
    step: str
    incumbent: float | None
    bound: float | None
    gap: float | None
    seconds: float


class JobSummary(Answer):
    """A job without what it found. `waiting` is the number of jobs before it in the queue."""

    id: str
    state: JobState
    scenario: str
    network: NetworkSummary
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    waiting: int | None = None
    progress: JobProgress | None = None
    problem: ProblemDetails | None = Field(default=None, description="Why a failed job failed.")


class PlanJob(JobSummary):
    """A search for a plan, with the plan once it has succeeded: the same document as plan.json."""

    plan: PlanDocument | None = None


class GapsJob(JobSummary):
    """A look for gaps, with what `critmass gaps --json` prints once it has succeeded."""

    gaps: GapsDocument | None = None


class CoordinationJob(JobSummary):
    """A coordination of payers, with what `critmass coordinate --json` prints once it has succeeded."""

    coordination: CoordinatingDocument | None = None


class ExplanationJob(JobSummary):
    """An explanation, with what `critmass explain --json` prints once it has succeeded."""

    explanation: ExplanationDocument | None = None


class JobList(Answer):
    """Jobs of one kind that the service remembers, the newest first. Finished ones are forgotten in time."""

    jobs: tuple[JobSummary, ...]


# Catalog ----------------------------------------------------------------------------------------------


class Entry(Answer):
    """Something of the catalog with the label shown for it."""

    id: str
    label: str


class PayerEntry(Entry):
    """Who pays."""

    lines_of_business: tuple[str, ...]


class ProgramEntry(Entry):
    """An incentive program. `coverage` counts its values by what they rest on, the strongest ground first."""

    payer: str
    performance_year: int
    lines_of_business: tuple[str, ...]
    join_level: str
    voluntary: bool
    status: str
    ended: bool
    coverage: dict[str, int] = Field(description=f"Counts by {', '.join(GRADES)}.")


class MeasureEntry(Entry):
    """A quality or utilization measure."""

    direction: str
    domain: str
    hedis: str | None


class WorkflowEntry(Entry):
    """A population health workflow."""

    stage: str
    core: bool
    delivery: str
    requires: tuple[str, ...]


class FactEntry(Entry):
    """A question that programs ask of a practice."""

    kind: str
    default: float


class CatalogOverview(Answer):
    """What the service knows. `hash` names this exact content."""

    hash: str
    payers: tuple[PayerEntry, ...]
    programs: tuple[ProgramEntry, ...]
    measures: tuple[MeasureEntry, ...]
    workflows: tuple[WorkflowEntry, ...]
    roles: tuple[Entry, ...]
    code_sets: tuple[Entry, ...]
    facts: tuple[FactEntry, ...]


class Health(Answer):
    """The service answers."""

    status: Literal["ok"] = "ok"
    version: str
