"""Alerts in the formats of seven vendors, short, with invented texts.

Sources: the Slack notifiers of prometheus/alertmanager and grafana/grafana, getsentry/sentry
(integrations/slack), integrations/slack (GitHub), and the payloads in claude-plugins-official 1411,
hermes-agent 33469 and multica 4717.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Alert:
    """A message of an app: its name, text, blocks and attachments."""

    app: str
    text: str = ""
    blocks: Sequence[Json] = ()
    attachments: Sequence[Json] = field(default_factory=list[Json])


def mrkdwn(text: str) -> Json:
    """Return a text object."""
    return {"type": "mrkdwn", "text": text}


def button(text: str, url: str = "") -> Json:
    """Return a button, with a link if there is one."""
    label = {"type": "plain_text", "text": text, "emoji": True}
    return {"type": "button", "action_id": text, "text": label, **({"url": url} if url else {})}


PAGERDUTY = Alert(
    "PagerDuty",
    attachments=[
        {
            "id": 1,
            "color": "c8102e",
            "fallback": "[no preview available]",
            "blocks": [
                {
                    "type": "section",
                    "text": mrkdwn(
                        ":rotating_light: *Triggered* <https://acme.pagerduty.com/incidents/Q1|"
                        "[#4812] Checkout latency &gt; 2 s>"
                    ),
                },
                {
                    "type": "section",
                    "fields": [
                        mrkdwn("*Assigned:*\n<https://acme.pagerduty.com/users/P1|Ana Silva>"),
                        mrkdwn("*Service:*\n<https://acme.pagerduty.com/services/S1|checkout>"),
                        mrkdwn("*Urgency:*\nHigh"),
                    ],
                },
                {
                    "type": "actions",
                    "elements": [button("Acknowledge"), button("Resolve"), button("Add note")],
                },
            ],
        }
    ],
)

ALERTMANAGER = Alert(
    "Alertmanager",
    attachments=[
        {
            "id": 1,
            "color": "a30200",
            "title": "[FIRING:2] HighErrorRate (api prod critical)",
            "title_link": "http://alertmanager.example:9093/#/alerts?receiver=slack",
            "text": "*Summary:* 7 % of requests fail\n*Runbook:* <https://runbooks.example/errors>",
            "fallback": "[FIRING:2] HighErrorRate (api prod critical) | "
            "<http://alertmanager.example:9093/#/alerts?receiver=slack>",
            "fields": [
                {"title": "severity", "value": "critical", "short": True},
                {"title": "instance", "value": "api-1:9090", "short": True},
            ],
            "actions": [
                {
                    "id": "1",
                    "type": "button",
                    "text": "Silence",
                    "url": "http://alertmanager.example:9093/#/silences/new",
                    "style": "",
                }
            ],
            "mrkdwn_in": ["fallback", "pretext", "text"],
        }
    ],
)

GRAFANA = Alert(
    "Grafana",
    attachments=[
        {
            "id": 1,
            "color": "D63232",
            "title": "[FIRING:1] Disk is filling up (db-1)",
            "title_link": "https://grafana.example/alerting/list",
            "text": "**Firing**\n\nValue: A=91.2\nLabels:\n - alertname = Disk is filling up\n"
            " - host = db-1\nAnnotations:\n - summary = 91 % of /var is used\n"
            "Source: <https://grafana.example/d/1>\nSilence: <https://grafana.example/silence>",
            "fallback": "[FIRING:1] Disk is filling up (db-1)",
            "image_url": "https://grafana.example/render/1.png",
            "footer": "Grafana v11.1.0",
            "footer_icon": "https://grafana.com/static/assets/img/fav32.png",
            "ts": 1795517880,
        }
    ],
)

GITHUB = Alert(
    "GitHub",
    attachments=[
        {
            "id": 1,
            "color": "36a64f",
            "fallback": "[acme/api] Pull request opened by ana",
            "pretext": "Pull request opened by <https://github.com/ana|ana>",
            "title": "<https://github.com/acme/api/pull/42|#42 Retry failed payments once>",
            "text": "A payment that fails with `503` is tried again after 2 s.\n\nFixes "
            "<https://github.com/acme/api/issues/41|#41>.",
            "fields": [
                {"title": "Reviewers", "value": "ben", "short": True},
                {"title": "Labels", "value": "bug, payments", "short": True},
            ],
            "footer": "<https://github.com/acme/api|acme/api>",
            "footer_icon": "https://slack.github.com/static/img/favicon-neutral.png",
            "mrkdwn_in": ["text"],
            "ts": 1795517880,
        }
    ],
)

JIRA = Alert(
    "Jira Cloud",
    text="Ana Silva created a Bug",
    blocks=[
        {"type": "section", "text": mrkdwn("*Ana Silva* created a *Bug*")},
    ],
    attachments=[
        {
            "id": 1,
            "color": "2684ff",
            "fallback": "[no preview available]",
            "blocks": [
                {
                    "type": "section",
                    "text": mrkdwn(
                        "*<https://acme.atlassian.net/browse/PAY-17|PAY-17 Refunds are sent twice>*"
                    ),
                    "accessory": {
                        "type": "overflow",
                        "action_id": "more",
                        "options": [
                            {"text": {"type": "plain_text", "text": "Watch"}, "value": "watch"}
                        ],
                    },
                },
                {
                    "type": "context",
                    "elements": [
                        {
                            "type": "image",
                            "image_url": "https://acme.atlassian.net/bug.png",
                            "alt_text": "Bug",
                        },
                        mrkdwn("Status: *To Do*"),
                        mrkdwn("Priority: *Highest*"),
                        mrkdwn("Assignee: *Unassigned*"),
                    ],
                },
                {"type": "actions", "elements": [button("Assign"), button("Comment")]},
            ],
        }
    ],
)

DATADOG = Alert(
    "Datadog",
    attachments=[
        {
            "id": 1,
            "color": "a30200",
            "title": "Triggered: [P2] CPU is high on host:web-1",
            "title_link": "https://app.datadoghq.com/monitors/1",
            "text": "CPU has been above 95 % for 10 minutes. @slack-ops\n\n"
            "system.cpu.user over host:web-1 was &gt; 95.0 on average during the last 10m.\n\n"
            "Metric value: 97.3",
            "fallback": "Triggered: [P2] CPU is high on host:web-1",
            "image_url": "https://p.datadoghq.com/snapshot/1.png",
            "fields": [
                {"title": "Tags", "value": "env:prod, host:web-1", "short": False},
                {"title": "Notified", "value": "@slack-ops", "short": True},
            ],
            "actions": [
                {"id": "1", "type": "button", "text": "Mute for 1h", "name": "mute", "value": "1"},
                {
                    "id": "2",
                    "type": "button",
                    "text": "View in Datadog",
                    "url": "https://app.datadoghq.com/monitors/1",
                },
            ],
        }
    ],
)

SENTRY = Alert(
    "Sentry",
    text="[checkout] TypeError: Cannot read properties of undefined (reading 'id')",
    blocks=[
        {
            "type": "section",
            "block_id": '{"issue":17}',
            "text": mrkdwn(":red_circle: <https://acme.sentry.io/issues/17/|*TypeError*>"),
        },
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_preformatted",
                    "border": 0,
                    "elements": [
                        {
                            "type": "text",
                            "text": "Cannot read properties of undefined (reading 'id')",
                        }
                    ],
                }
            ],
        },
        {"type": "section", "text": mrkdwn("environment: `production`  release: `a1b2c3`  ")},
        {
            "type": "context",
            "elements": [mrkdwn("Events: *31*   Users: *12*   State: *New*   First Seen: *now*")],
        },
        {
            "type": "actions",
            "elements": [
                button("Resolve"),
                button("Archive"),
                {
                    "type": "external_select",
                    "action_id": "assign",
                    "placeholder": {"type": "plain_text", "text": "Select Assignee..."},
                },
            ],
        },
        {
            "type": "context",
            "elements": [
                mrkdwn(
                    "Project: <https://acme.sentry.io/projects/checkout/|checkout>    "
                    "Alert: <https://acme.sentry.io/alerts/1/|New issues>    "
                    "Short ID: CHECKOUT-1H"
                )
            ],
        },
    ],
)

OPSGENIE = Alert(
    "Opsgenie",
    attachments=[
        {
            "id": 1,
            "callback_id": "alert",
            "color": "d9534f",
            "fallback": 'New alert: #77 "Backup of db-1 did not run"',
            "pretext": 'New alert: <https://acme.app.opsgenie.com/alert/77|#77> "Backup of db-1 '
            'did not run"',
            "text": "Last successful backup: 31 hours ago",
            "fields": [
                {"title": "Priority", "value": "P3-Moderate", "short": True},
                {"title": "Tags", "value": "backup, db", "short": True},
                {"title": "Responders", "value": "Platform", "short": False},
            ],
            "actions": [
                {"id": "1", "type": "button", "name": "ack", "text": "Acknowledge", "value": "1"},
                {"id": "2", "type": "button", "name": "close", "text": "Close", "value": "2"},
                {"id": "3", "type": "select", "name": "more", "text": "Other actions..."},
            ],
            "mrkdwn_in": ["pretext", "text"],
        }
    ],
)

ALERTS: Mapping[str, Alert] = {
    alert.app: alert
    for alert in (PAGERDUTY, ALERTMANAGER, GRAFANA, GITHUB, JIRA, DATADOG, SENTRY, OPSGENIE)
}
