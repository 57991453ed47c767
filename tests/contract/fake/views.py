"""Rows as the server's JSON has them: the fields and their order are the recordings'."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.contract.fake.state import Issue, Job, Label, Project, State, Task, User, Webhook

Json = dict[str, Any]


def at(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def user_brief(state: State, id: int | None) -> Json | None:
    user = state.users.get(id or 0)
    if user is None:
        return None
    return {
        "url": f"{state.url}/api/users/{user.id}",
        "id": user.id,
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
    }


def user_full(state: State, user: User) -> Json:
    return (user_brief(state, user.id) or {}) | {
        "email": user.email,
        "groups": ["admin" if user.admin else "user"],
        "is_staff": user.admin,
        "is_superuser": user.admin,
        "is_active": True,
        "last_login": None,
        "date_joined": "2026-01-01T00:00:00Z",
        "has_analytics_access": user.admin,
    }


def project(state: State, row: Project) -> Json:
    tasks = [task for task in state.tasks.values() if task.project == row.id]
    return {
        "url": f"{state.url}/api/projects/{row.id}",
        "id": row.id,
        "name": row.name,
        "owner": user_brief(state, row.owner),
        "assignee": None,
        "guide_id": None,
        "bug_tracker": row.bug_tracker,
        "created_date": at(row.created),
        "updated_date": at(row.updated),
        "status": "annotation",
        "dimension": "2d" if any(task.has_data for task in tasks) else None,
        "organization": None,
        "organization_id": None,
        "target_storage": None,
        "source_storage": None,
        "tasks": {"count": len(tasks), "url": f"{state.url}/api/tasks?project_id={row.id}"},
        "labels": {"url": f"{state.url}/api/labels?project_id={row.id}"},
        "assignee_updated_date": None,
        "task_subsets": [],
    }


def label(state: State, row: Label) -> Json:
    return {
        "id": row.id,
        "name": row.name,
        "color": row.color,
        "attributes": [],
        "type": row.type,
        "sublabels": [],
        "project_id": row.project,
        "parent_id": None,
        "has_parent": False,
    }


def task(state: State, row: Task) -> Json:
    jobs = state.jobs_of(row.id)
    done = [job for job in jobs if (job.stage, job.state) == ("acceptance", "completed")]
    told = {
        "url": f"{state.url}/api/tasks/{row.id}",
        "id": row.id,
        "name": row.name,
        "project_id": row.project,
        "mode": "annotation" if row.has_data else "",
        "owner": user_brief(state, row.owner),
        "assignee": None,
        "bug_tracker": "",
        "created_date": at(row.created),
        "updated_date": at(row.updated),
        "overlap": 0 if row.has_data else None,
        "segment_size": row.segment_size,
        "status": "completed" if jobs and len(done) == len(jobs) else "annotation",
        "guide_id": None,
        "dimension": "2d",
        "subset": "",
        "organization_id": None,
        "organization": None,
        "target_storage": None,
        "source_storage": None,
        "jobs": {
            "count": len(jobs),
            "completed": len(done),
            "validation": sum(job.stage == "validation" for job in jobs),
            "url": f"{state.url}/api/jobs?task_id={row.id}",
        },
        "labels": {"url": f"{state.url}/api/labels?task_id={row.id}"},
        "assignee_updated_date": None,
        "validation_mode": None,
        "consensus_enabled": False,
    }
    if row.has_data:
        told |= {
            "data_chunk_size": 72,
            "data_original_chunk_type": "imageset",
            "data_compressed_chunk_type": "imageset",
            "data_cloud_storage_id": None,
            "size": len(row.images),
            "image_quality": row.quality,
            "data": row.id,
        }
    return told


def status(row: Job) -> str:
    if (row.stage, row.state) == ("acceptance", "completed"):
        return "completed"
    return "annotation" if row.stage == "annotation" else "validation"


def job(state: State, row: Job) -> Json:
    issues = [issue for issue in state.issues.values() if issue.job == row.id]
    return {
        "url": f"{state.url}/api/jobs/{row.id}",
        "id": row.id,
        "task_id": row.task,
        "project_id": state.tasks[row.task].project,
        "assignee": user_brief(state, row.assignee),
        "guide_id": None,
        "dimension": "2d",
        "bug_tracker": "",
        "status": status(row),
        "stage": row.stage,
        "state": row.state,
        "mode": "annotation",
        "frame_count": row.frames,
        "start_frame": row.frame,
        "stop_frame": row.frame + row.frames - 1,
        "data_chunk_size": 72,
        "data_compressed_chunk_type": "imageset",
        "data_original_chunk_type": "imageset",
        "created_date": at(row.created),
        "updated_date": at(row.updated),
        "issues": {"url": f"{state.url}/api/issues?job_id={row.id}", "count": len(issues)},
        "labels": {"url": f"{state.url}/api/labels?job_id={row.id}"},
        "type": "annotation",
        "organization": None,
        "target_storage": None,
        "source_storage": None,
        "assignee_updated_date": at(row.assigned),
        "parent_job_id": None,
        "consensus_replicas": 0,
    }


def data_meta(row: Task, first: int, frames: int) -> Json:
    mine = range(first, first + frames)
    return {
        "chapters": None,
        "chunks_updated_date": at(row.created),
        "chunk_size": 72,
        "size": frames,
        "image_quality": row.quality,
        "start_frame": first,
        "stop_frame": first + frames - 1,
        "frame_filter": "",
        "frames": [
            {
                "width": image.width,
                "height": image.height,
                "name": image.name,
                "related_files": image.related,
                "has_related_context": image.related > 0,
            }
            for image in row.images[first : first + frames]
        ],
        "deleted_frames": sorted(row.deleted & set(mine)),
        "included_frames": None,
        "storage": "local",
        "cloud_storage_id": None,
    }


def issue(state: State, row: Issue) -> Json:
    return {
        "id": row.id,
        "frame": row.frame,
        "position": row.position,
        "job": row.job,
        "owner": user_brief(state, row.owner),
        "assignee": None,
        "created_date": at(row.created),
        "updated_date": at(row.created),
        "resolved": row.resolved,
        "comments": {
            "count": len(row.messages),
            "url": f"{state.url}/api/comments?issue_id={row.id}",
        },
    }


def webhook(state: State, row: Webhook) -> Json:
    kept = ("target_url", "description", "type", "content_type", "is_active", "enable_ssl")
    return {"id": row.id, "url": f"{state.url}/api/webhooks/{row.id}"} | {
        name: row.values[name] for name in kept
    } | {
        "created_date": at(row.created),
        "updated_date": at(row.created),
        "owner": user_brief(state, 1),
        "project_id": row.project,
        "organization": None,
        "events": sorted(row.values["events"]),
    }  # fmt: skip
