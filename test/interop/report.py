"""Reads one message from standard input with Python's own email package, and
prints what it understood as JSON: header fields, parts, the groups of fields of
the delivery-status part, and the defects that it found anywhere."""

import email
import email.policy
import json
import sys

message = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.default)

parts = []
groups = []
defects = [repr(d) for part in message.walk() for d in part.defects]
for name, value in message.items():
    defects += [f"{name}: {d!r}" for d in getattr(value, "defects", ())]

for part in message.get_payload():
    kind = part.get_content_type()
    parts.append({"type": kind, "encoding": part.get("Content-Transfer-Encoding", "7bit")})
    if kind == "message/delivery-status":
        # Python makes a message without a body of each group.
        groups = [[[n, str(v)] for n, v in group.items()] for group in part.get_payload()]
    if part.get_content_maintype() == "text":
        parts[-1]["text"] = part.get_content()
    if kind == "message/rfc822":
        inner = part.get_payload(0)
        parts[-1]["text"] = inner.as_bytes().decode("latin-1")

json.dump(
    {
        "type": message.get_content_type(),
        "report_type": message.get_param("report-type"),
        "to": [a.addr_spec for a in message["To"].addresses],
        "sender": [a.addr_spec for a in message["From"].addresses],
        "subject": str(message["Subject"]),
        "date": message["Date"].datetime.isoformat(),
        "message_id": str(message["Message-ID"]),
        "auto_submitted": str(message["Auto-Submitted"]),
        "parts": parts,
        "groups": groups,
        "defects": defects,
    },
    sys.stdout,
)
