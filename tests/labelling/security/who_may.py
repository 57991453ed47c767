"""Who may use which endpoint: all of them. An endpoint without an entry fails the test.

An endpoint that stands in the list of a word is open to the callers of that word; to all other
callers it is closed. Ana labels and has the tile in hand; Ben labels too, and it isn't his.
"""

from __future__ import annotations

ANA, BEN = "ana", "ben"
REVIEWER, LEAD, SERVICE, ROOT = "reviewer", "lead", "service", "superuser"
OUTSIDER = "outsider"
"""Leads another campaign, and has no part in this one."""
STRANGER = "stranger"
"""Not signed in."""
CALLERS = (ANA, BEN, REVIEWER, LEAD, SERVICE, ROOT, OUTSIDER, STRANGER)

LEADS = frozenset({LEAD, ROOT})
REVIEWERS = LEADS | {REVIEWER}
OVERSEERS = REVIEWERS | {SERVICE}
LABELLERS = REVIEWERS | {ANA, BEN}
MEMBERS = LABELLERS | {SERVICE}
HOLDERS = OVERSEERS | {ANA}
"""Whose it is, and who oversees."""
AUTHORS = LEADS | {ANA}
"""Whose it is, and who leads."""
OWNERS = frozenset({ANA})
"""Whose it is, and nobody else."""
SIGNED_IN = MEMBERS | {OUTSIDER}
ANYBODY = SIGNED_IN | {STRANGER}

CAMPAIGN = "/api/v1/campaigns/{slug}"
TABLE = {
    ANYBODY: """
        GET /api/v1/schema
        POST /api/v1/cvat/webhook
    """,
    SIGNED_IN: """
        GET /api/v1/me
    """,
    MEMBERS: """
        GET {campaign}
        GET {campaign}/guide
        GET {campaign}/guide/{annotation}/label
        GET {campaign}/models
        GET {campaign}/models/{hash}
        GET {campaign}/my-day
        GET {campaign}/my-feedback
        GET {campaign}/rounds
        GET /api/v1/me/work
        GET /api/v1/tiles/{id}/bands
        GET /api/v1/tiles/{id}/composite.png
        GET /api/v1/tiles/{id}/labels
        GET /api/v1/tiles/{id}/margin
        GET /api/v1/tiles/{id}/reference
        GET /api/v1/tiles/{id}/thumbnail.png
    """,
    LABELLERS: """
        POST {campaign}/queue/next
        GET /api/v1/tasks/{id}/draft
        POST /api/v1/tasks/{id}/draft
        GET /api/v1/tasks/{id}/draft/label
        POST /api/v1/tasks/{id}/extend
        POST /api/v1/tasks/{id}/flag
        POST /api/v1/tasks/{id}/heartbeat
        POST /api/v1/tasks/{id}/release
        POST /api/v1/tasks/{id}/skip
        POST /api/v1/tasks/{id}/submit
        POST /api/v1/tasks/{id}/withdraw
        GET /api/v1/tiles/{id}/prelabel
    """,
    HOLDERS: """
        GET /api/v1/annotations/{id}
        GET /api/v1/annotations/{id}/edits
        GET /api/v1/annotations/{id}/label
        GET /api/v1/annotations/{id}/provenance
        GET /api/v1/tasks/{id}
        GET /api/v1/tasks/{id}/feedback
        GET /api/v1/tasks/{id}/guidance
        GET /api/v1/tasks/{id}/guidance/mask
        GET /api/v1/tasks/{id}/heat
        GET /api/v1/tasks/{id}/history
    """,
    AUTHORS: """
        POST /api/v1/annotations/{id}/revert
    """,
    OWNERS: """
        GET /api/v1/me/feedback/{id}/label
    """,
    OVERSEERS: """
        GET /api/v1/snapshots/{hash}
        GET /api/v1/snapshots/{hash}/diff
        GET /api/v1/tiles/{id}/masks
        GET /api/v1/tiles/{id}/masks/{source}
        GET {campaign}/calibration
        GET {campaign}/catalogue
        GET {campaign}/cvat
        GET {campaign}/cvat/held
        GET {campaign}/flags
        GET {campaign}/flags/rates
        GET {campaign}/footprints
        GET {campaign}/growth
        GET {campaign}/learning
        GET {campaign}/monitor
        GET {campaign}/queue
        GET {campaign}/reviews
        GET {campaign}/reviews/rules
        GET {campaign}/reviews/waiting
        GET {campaign}/schemas
        GET {campaign}/schemas/migration
        GET {campaign}/snapshots
        GET {campaign}/snapshots/jobs/{id}
    """,
    REVIEWERS: """
        POST {campaign}/flags/{id}/resolve
        POST {campaign}/reviews/next
        GET /api/v1/tasks/{id}/review
        POST /api/v1/tasks/{id}/review/accept
        POST /api/v1/tasks/{id}/review/fix
        POST /api/v1/tasks/{id}/review/reject
        POST /api/v1/tasks/{id}/review/release
    """,
    LEADS: """
        POST /api/v1/exports/{id}/cancel
        GET /api/v1/exports/{id}/files
        GET /api/v1/snapshots/{hash}/exports
        POST /api/v1/snapshots/{hash}/exports
        DELETE /api/v1/tiles/{id}
        GET {campaign}/agreement
        GET {campaign}/agreement/people
        GET {campaign}/alerts
        GET {campaign}/comparison
        GET {campaign}/cvat/people
        POST {campaign}/cvat/people
        POST {campaign}/cvat/people/match
        POST {campaign}/cvat/pull
        GET {campaign}/events
        GET {campaign}/gold
        POST {campaign}/gold
        POST {campaign}/gold/{annotation}/retire
        GET {campaign}/hints
        GET {campaign}/jobs
        POST {campaign}/jobs/{id}/cancel
        POST {campaign}/jobs/{id}/retry
        GET {campaign}/label-errors
        POST {campaign}/label-errors/jobs
        GET {campaign}/label-errors/jobs/{id}
        POST {campaign}/label-errors/jobs/{id}/cancel
        GET {campaign}/members
        POST {campaign}/members
        DELETE {campaign}/members/{username}
        PATCH {campaign}/members/{username}
        GET {campaign}/members/{username}/invitation
        GET {campaign}/models/{hash}/card
        POST {campaign}/models/rollback
        POST {campaign}/models/{hash}/promote
        GET {campaign}/people
        GET {campaign}/picking/rules
        POST {campaign}/picking/rules
        POST {campaign}/picks
        POST {campaign}/picks/filtered
        POST {campaign}/picks/filtered/plan
        POST {campaign}/picks/plan
        GET {campaign}/progress
        GET {campaign}/promotion/rules
        POST {campaign}/promotion/rules
        GET {campaign}/quality/rules
        POST {campaign}/quality/rules
        POST {campaign}/queue/rules
        GET {campaign}/releases
        POST {campaign}/releases
        GET {campaign}/releases/jobs/{id}
        GET {campaign}/releases/{version}
        GET {campaign}/releases/{version}/files/{name}
        GET {campaign}/report
        GET {campaign}/report.html
        POST {campaign}/reviews/rules
        POST {campaign}/rounds
        GET {campaign}/rounds/plan
        POST {campaign}/rounds/{n}/cancel
        GET {campaign}/schedule
        POST {campaign}/schedule
        POST {campaign}/schemas
        POST {campaign}/schemas/migration
        GET {campaign}/settings
        PATCH {campaign}/settings
        POST {campaign}/snapshots
        GET {campaign}/test-openings
        GET {campaign}/tokens
        POST {campaign}/tokens
        POST {campaign}/tokens/{id}/revoke
    """,
}


def table() -> dict[str, frozenset[str]]:
    """{"GET /api/v1/…": callers who may}."""
    return {
        line.strip().replace("{campaign}", CAMPAIGN): callers
        for callers, lines in TABLE.items()
        for line in lines.strip().splitlines()
    }
