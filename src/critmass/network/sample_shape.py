"""The shape of a synthetic network: sizes, payer mix, money and what tends to be in place.

Planning assumptions for invented networks, not facts about anyone. Where a published figure stands behind
one, the comment says which.
"""

from __future__ import annotations

from critmass.domain.network import Population

# Practices of 1 to 12 clinicians, most of 2 to 5: among Michigan's health systems in the AHRQ Compendium
# of 2018, primary-care physicians per practice group come to 2 to 4 at the median.
CLINICIAN_COUNT_SHARES = (0.12, 0.20, 0.19, 0.14, 0.11, 0.07, 0.05, 0.04, 0.03, 0.02, 0.02, 0.01)

# 1,645 patients a physician (HealthTexas network) to 1,750 (Basu and others 2018).
MEMBERS_PER_CLINICIAN = 1_700.0
MEMBERS_PER_CLINICIAN_SPREAD = 180.0

# Share of a practice's patients by payer and line of business; the rest is in no payer's panel.
POPULATION_SHARES: dict[Population, float] = {
    ("bcbsm", "commercial"): 0.35,
    ("bcbsm", "medicare_advantage"): 0.06,
    ("humana", "medicare_advantage"): 0.03,
    ("medicare", "medicare_ffs"): 0.14,
    ("meridian", "medicaid"): 0.06,
    ("priority_health", "commercial"): 0.12,
    ("priority_health", "medicaid"): 0.04,
    ("uhc", "medicaid"): 0.06,
    ("uhc", "medicare_advantage"): 0.04,
}
MIX_CONCENTRATION = 40.0
"""Dirichlet concentration of a practice's mix around these shares; larger is more alike."""

ATTRIBUTION_LOW, ATTRIBUTION_HIGH = 0.93, 1.05
MEMBER_MONTHS_LOW = 11.2

RATE_CONCENTRATION = 25.0
"""Beta concentration of a practice's rate around the typical one: a spread of about 9 points at 70 %."""

PRIOR_YEAR_GAP = 0.02
"""How much worse last year's rate was, in points."""

# Share of compliant members whose service of an earlier year still counts when the year begins.
CARRIED_SHARES = {"COL": 0.85, "CCS": 0.6, "BCS": 0.5, "IMA": 0.5, "EED": 0.2}

# Role: share of practices that have it for population health, and FTE per clinician there.
STAFF_IN_PLACE = {
    "medical_assistant": (0.60, 0.25),
    "care_manager": (0.35, 0.15),
    "registered_nurse": (0.30, 0.15),
    "licensed_practical_nurse": (0.25, 0.15),
    "data_analyst": (0.15, 0.10),
    "social_worker": (0.15, 0.10),
    "pharmacist": (0.08, 0.05),
    "community_health_worker": (0.10, 0.10),
}
STAFF_STEP_FTE = 0.25

# Workflow: share of practices that run it already, prerequisites permitting.
WORKFLOWS_IN_PLACE = {
    "registry": 0.75,
    "hie_adt": 0.45,
    "quality_reporting": 0.55,
    "risk_stratification": 0.35,
    "outreach": 0.35,
    "previsit_planning": 0.35,
    "wellness_visits": 0.40,
    "care_management": 0.30,
    "transitions": 0.35,
    "chronic_care_billing": 0.25,
    "ed_follow_up": 0.25,
    "medication_management": 0.20,
    "self_management": 0.15,
    "social_care": 0.15,
    "behavioral_integration": 0.10,
    "remote_monitoring": 0.10,
}
WORKFLOW_REACH_LOW, WORKFLOW_REACH_STEP = 0.6, 0.05

# Allowed USD a member and year by code set and line of business; pairs that are not named have no charges.
CHARGES_PER_MEMBER = {
    ("pcp_office_visits", "commercial"): 180.0,
    ("pcp_office_visits", "exchange"): 170.0,
    ("pcp_office_visits", "medicaid"): 110.0,
    ("pcp_office_visits", "medicare_advantage"): 200.0,
    ("pcp_office_visits", "medicare_ffs"): 190.0,
    ("pcp_office_visits", "dsnp"): 210.0,
    ("part_b_professional", "medicare_ffs"): 1_000.0,
    ("professional_all", "commercial"): 900.0,
    ("professional_all", "exchange"): 850.0,
    ("professional_all", "medicaid"): 450.0,
    ("professional_all", "medicare_advantage"): 1_200.0,
    ("primary_care_allowed", "commercial"): 260.0,
    ("primary_care_allowed", "exchange"): 250.0,
    ("primary_care_allowed", "medicaid"): 160.0,
    ("primary_care_allowed", "medicare_advantage"): 350.0,
    ("primary_care_allowed", "medicare_ffs"): 330.0,
    ("primary_care_allowed", "dsnp"): 380.0,
}
CHARGES_SPREAD = 0.15

# Benchmark USD a member and year by line of business, and how far spending strays from it.
SPENDING_PER_MEMBER = {
    "medicare_ffs": 11_500.0,
    "medicare_advantage": 11_200.0,
    "dsnp": 19_000.0,
    "commercial": 5_800.0,
}
SPENDING_SPREAD = 0.10
EXPENDITURE_STRAYS = 0.03

# Yes/no facts: share of practices that say yes.
ANSWERS = {
    "pcmh_designated": 0.70,
    "ncqa_pcmh": 0.45,
    "open_panel": 0.85,
    "pdcm_trained": 0.50,
    "social_care_attested": 0.50,
    "hmp_participant": 0.60,
    "mips_eligible": 0.80,
    "chart_chase_80": 0.75,
    "sds_attested": 0.50,
}
# Number facts: mean, standard deviation, lowest, highest, decimals.
NUMBER_ANSWERS = {
    "mips_pi_score": (0.90, 0.08, 0.0, 1.0, 2),
    "mips_cost_score": (0.60, 0.15, 0.0, 1.0, 2),
    "mips_ia_score": (0.95, 0.08, 0.0, 1.0, 2),
    "bcbsm_quality_percentile": (0.60, 0.25, 0.0, 0.99, 2),
    "bcbsm_cost_tier": (1.0, 1.0, 0.0, 3.0, 0),
    "mean_hcc_score": (1.10, 0.15, 0.7, 2.2, 2),
}
# Answers of the organization itself.
ORGANIZATION_ANSWERS = {"low_revenue_aco": 1.0}

PRACTICE_STARTUP_PER_CLINICIAN_USD = 15_000.0
ORGANIZATION_STARTUP_PER_PRACTICE_USD = 20_000.0

FIRST_NAMES = (
    "Alder", "Ash", "Aspen", "Basswood", "Beech", "Birch", "Cedar", "Cherry", "Dogwood", "Elm", "Fern", "Fir",
    "Harbor", "Hawthorn", "Hazel", "Heron", "Hickory", "Iris", "Juniper", "Lake", "Larch", "Laurel", "Linden",
    "Maple", "Meadow", "Mill", "Oak", "Orchard", "Pine", "Poplar", "Prairie", "River", "Spruce", "Sumac",
    "Tamarack", "Trillium", "Walnut", "Willow",
)  # fmt: skip
LAST_NAMES = ("Family Practice", "Primary Care", "Family Medicine", "Medical Group", "Internal Medicine")
