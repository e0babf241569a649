"""The `$metadata` document of a form's OData service: which tables, which columns, of which type."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from .instance import Schema, odata_name

SYSTEM_FIELDS = {
    "submissionDate": "Edm.DateTimeOffset",
    "updatedAt": "Edm.DateTimeOffset",
    "deletedAt": "Edm.DateTimeOffset",
    "submitterId": "Edm.String",
    "submitterName": "Edm.String",
    "attachmentsPresent": "Edm.Int64",
    "attachmentsExpected": "Edm.Int64",
    "status": "org.opendatakit.submission.Status",
    "reviewState": "org.opendatakit.submission.ReviewState",
    "deviceId": "Edm.String",
    "edits": "Edm.Int64",
    "formVersion": "Edm.String",
}
_TYPES = {
    "int": "Edm.Int64",
    "decimal": "Edm.Decimal",
    "boolean": "Edm.Boolean",
    "geopoint": "Edm.GeographyPoint",
    "geotrace": "Edm.GeographyLineString",
    "geoshape": "Edm.GeographyPolygon",
    "date": "Edm.Date",
    "dateTime": "Edm.DateTimeOffset",
}


def _property(name: str, kind: str, tag: str = "Property") -> str:
    return f"<{tag} Name={quoteattr(name)} Type={quoteattr(kind)}/>"


def _columns(schema: Schema, prefix: str, base: str, out: dict[str, list[str]], parent: str) -> list[str]:
    """The properties of one table or group; tables and groups inside it are added to `out` by their own names."""
    lines = []
    for child in schema.children.values():
        name = odata_name(child.name)
        path = f"{prefix}.{name}" if prefix else name
        if child.type == "repeat":
            lines.append(_property(name, f"Collection({base}.Submissions.{path})", "NavigationProperty"))
            key = f"EntityType Submissions.{path}"
            out[key] = []
            own = f"{parent}-{path.removeprefix(prefix).strip('.')}" if prefix else f"{parent}-{name}"
            inner = _columns(child, path, base, out, own)
            out[key] = [_property("__id", "Edm.String"), _property(f"__{parent}-id", "Edm.String"), *inner]
        elif child.type == "structure":
            lines.append(_property(name, f"{base}.{path}"))
            key = f"ComplexType {path}"
            out[key] = []
            out[key] = _columns(child, path, base, out, f"{parent}-{name}" if "-" in parent else parent)
        else:
            lines.append(_property(name, _TYPES.get(child.type, "Edm.String")))
    return lines


def submissions(form_id: str, schema: Schema) -> str:
    base = f"org.opendatakit.user.{odata_name(form_id)}"
    types: dict[str, list[str]] = {"EntityType Submissions": []}
    columns = _columns(schema, "", base, types, "Submissions")
    system = _property("__system", "org.opendatakit.submission.metadata")
    types["EntityType Submissions"] = [_property("__id", "Edm.String"), system, *columns]
    parts = []
    sets = []
    for key, lines in sorted(types.items(), key=lambda item: item[0].startswith("Complex")):
        tag, _, name = key.partition(" ")
        if tag == "EntityType":
            lines = ['<Key><PropertyRef Name="__id"/></Key>', *lines]
            sets.append(f'<EntitySet Name="{name}" EntityType="{base}.{name}"/>')
        parts.append(f'<{tag} Name="{name}">{"".join(lines)}</{tag}>')
    metadata = "".join(_property(name, kind) for name, kind in SYSTEM_FIELDS.items())
    statuses = "".join(f'<Member Name="{name}"/>' for name in ("notDecrypted", "missingEncryptedFormData"))
    states = "".join(f'<Member Name="{name}"/>' for name in ("hasIssues", "edited", "rejected", "approved"))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0"><edmx:DataServices>'
        '<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="org.opendatakit.submission">'
        f'<ComplexType Name="metadata">{metadata}</ComplexType>'
        f'<EnumType Name="Status">{statuses}</EnumType><EnumType Name="ReviewState">{states}</EnumType></Schema>'
        f'<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="{base}">{"".join(parts)}'
        f"<EntityContainer Name={quoteattr(form_id)}>{''.join(sets)}</EntityContainer></Schema>"
        "</edmx:DataServices></edmx:Edmx>"
    )
