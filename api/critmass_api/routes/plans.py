"""What takes its time: plans, explanations of them, gaps between payers, and coordinations of payers."""

from __future__ import annotations

from critmass_api.examples import COORDINATION_EXAMPLES, EXPLANATION_EXAMPLES, GAPS_EXAMPLES, PLAN_EXAMPLES
from critmass_api.routes.jobs import JobKind, job_routes
from critmass_api.wire import (
    CoordinationJob,
    CoordinationRequest,
    ExplanationJob,
    ExplanationRequest,
    GapsJob,
    GapsRequest,
    PlanJob,
    PlanRequest,
)

KINDS = (
    JobKind(
        "plan", "/v1/plans", "check_plan", PlanRequest, PlanJob, PLAN_EXAMPLES,
        "Checks a network and a scenario, and queues the search for a plan.",
    ),
    JobKind(
        "explanation", "/v1/explanations", "check_explanation", ExplanationRequest, ExplanationJob,
        EXPLANATION_EXAMPLES,
        "Plans, and explains the plan or one program, practice, workflow or payer of it. Every statement is confirmed "
        "by planning or settling again.",
    ),
    JobKind(
        "gaps", "/v1/gaps", "check_gaps", GapsRequest, GapsJob, GAPS_EXAMPLES,
        "What payers leave unpaid of the workflows that serve their members.",
    ),
    JobKind(
        "coordination", "/v1/coordinations", "check_coordination", CoordinationRequest, CoordinationJob,
        COORDINATION_EXAMPLES,
        "The least that payers have to add together so that the organization's own best plan reaches a target. This is "
        "no legal advice: payers that set prices together need counsel before they meet.",
    ),
)  # fmt: skip
"""Every kind of job."""

routers = tuple(job_routes(kind) for kind in KINDS)
"""Their routes."""
