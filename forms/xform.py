"""Reading an XForm into `forms.model.Form`: what pyxform wrote, read back by meaning.

One reading serves sources, workbooks and what Central holds: all three become XForms first.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping

from forms.errors import FormError
from forms.model import Choice, ChoiceList, EntitySave, Form, Group, Question, Words

#: Namespace of the attributes that this project puts on binds (see `forms.versions`).
NAMESPACE = "urn:rasoat:forms"

_XF = "{http://www.w3.org/2002/xforms}"
_H = "{http://www.w3.org/1999/xhtml}"
_JR = "{http://openrosa.org/javarosa}"
_ORX = "{http://openrosa.org/xforms}"
_ODK = "{http://www.opendatakit.org/xforms}"
_ENTITIES = "{http://www.opendatakit.org/xforms/entities}"
_RASOAT = f"{{{NAMESPACE}}}"

_ITEXT = re.compile(r"jr:itext\('(.+)'\)")
_ITEMSET = re.compile(
    r"(?:randomize\()?\s*instance\('(?P<list>[^']+)'\)/root/item(?:\[(?P<filter>.*)\])?\)?", re.DOTALL
)
_LANGUAGE_CODE = re.compile(r"\(([A-Za-z]{2,3}(?:-[A-Za-z]+)?)\)\s*$")

_BIND_KINDS = {
    "int": "integer",
    "decimal": "decimal",
    "date": "date",
    "time": "time",
    "dateTime": "datetime",
    "geopoint": "geopoint",
    "geotrace": "geotrace",
    "geoshape": "geoshape",
    "barcode": "barcode",
}
_CONTROL_KINDS = {"select1": "select_one", "select": "select_multiple", "rank": "rank", "trigger": "acknowledge"}
_UPLOAD_KINDS = {"image/*": "image", "audio/*": "audio", "video/*": "video"}
_CONTROLS = ("input", "select1", "select", "rank", "trigger", "range", "upload", "secret")
#: Attributes of a control that are no parameter of the question.
_NOT_PARAMETERS = {"ref", "appearance", "mediatype", "query"}


def read_xform(text: str) -> Form:
    """Read an XForm. Raises FormError when the text is not one."""
    try:
        root = ET.fromstring(text)  # noqa: S314 - forms of our own Central; expat bounds entity expansion
    except ET.ParseError as error:
        raise FormError(f"not an XForm: {error}") from None
    return _Reader(root).form()


class _Reader:
    def __init__(self, root: ET.Element) -> None:
        model, body = root.find(f"{_H}head/{_XF}model"), root.find(f"{_H}body")
        instance = None if model is None else model.find(f"{_XF}instance")
        if model is None or body is None or instance is None or not len(instance):
            raise FormError("not an XForm: it has no model with an instance, or no body")
        self.root, self.model, self.body, self.data = root, model, body, instance[0]
        self.top = f"/{_local(self.data.tag)}"
        self.binds = {bind.get("nodeset", ""): bind for bind in model.iter(f"{_XF}bind")}
        self.controls: dict[str, ET.Element] = {}
        self.containers: dict[str, ET.Element] = {}
        self.repeats: dict[str, ET.Element] = {}
        for element in body.iter():
            tag = _local(element.tag)
            if tag in _CONTROLS:
                self.controls[element.get("ref", "")] = element
            elif tag == "group":
                self.containers[element.get("ref", "")] = element
            elif tag == "repeat":
                self.repeats[element.get("nodeset", "")] = element
        # `/data/a/b`, `../../b` and `current()/../b` all point at the leaf b; pyxform puts one space on either side.
        self.reference = re.compile(rf" ?(?<![\w)\]'/.])(?:current\(\)/)?(?:{self.top}|\.\.)(?:/(?:\.\.|[\w.-]+))+ ?")
        self.languages: list[str] = []
        self.texts = self._itext()

    def form(self) -> Form:
        questions, groups = {}, {}
        for path in self._paths(self.data, self.top):
            if path in self.containers or path in self.repeats:
                group = self._group(path)
                groups[group.name] = group
            elif path in self.binds or path in self.controls:
                question = self._question(path)
                questions[question.name] = question
        submission = self.model.find(f"{_XF}submission")
        name = self.binds.get(f"{self.top}/meta/instanceName")
        return Form(
            id=self.data.get("id", ""),
            version=self.data.get("version", ""),
            title=self.root.findtext(f"{_H}head/{_H}title", ""),
            languages=tuple(self.languages),
            questions=questions,
            groups=groups,
            lists=self._lists(),
            entities=tuple(self._entities()),
            instance_name="" if name is None else self._expression(name.get("calculate")),
            client_editable=submission is not None and submission.get(f"{_ODK}client-editable") == "true",
        )

    def _paths(self, element: ET.Element, path: str) -> Iterator[str]:
        """Paths of all nodes below, in order, each once (a repeat stands there twice: template and first)."""
        seen = set()
        for child in element:
            below = f"{path}/{_local(child.tag)}"
            if below in seen:
                continue
            seen.add(below)
            if below == f"{self.top}/meta":
                if child.find(f"{_ORX}audit") is not None or child.find(f"{_XF}audit") is not None:
                    yield f"{below}/audit"
                continue
            yield below
            yield from self._paths(child, below)

    def _question(self, path: str) -> Question:
        bind, control = self.binds.get(path, ET.Element("bind")), self.controls.get(path)
        groups = self._groups(path)
        repeats = [name for name in groups if any(one.rpartition("/")[2] == name for one in self.repeats)]
        itemset = None if control is None else control.find(f"{_XF}itemset")
        listed = _ITEMSET.fullmatch(itemset.get("nodeset", "")) if itemset is not None else None
        default = self.data.findtext("/".join(_XF + part for part in path.split("/")[2:]), "") or ""
        for setvalue in self.root.iter(f"{_XF}setvalue"):
            if setvalue.get("ref") == path:
                default = self._expression(setvalue.get("value"))
        return Question(
            name=path.rpartition("/")[2],
            kind=_kind(path, bind, control),
            type=bind.get("type", "string"),
            groups=groups,
            repeat=repeats[-1] if repeats else "",
            label=self._words(control, "label"),
            hint=self._words(control, "hint"),
            relevant=self._expression(bind.get("relevant")),
            required="yes" if bind.get("required") == "true()" else self._expression(bind.get("required")),
            constraint=self._expression(bind.get("constraint")),
            message=self._by_id(bind.get(f"{_JR}constraintMsg", "")),
            calculation=self._expression(bind.get("calculate")),
            default=default.strip(),
            list=listed["list"] if listed else "",
            filter=self._expression(listed["filter"]) if listed else "",
            appearance="" if control is None else control.get("appearance", ""),
            parameters=_parameters(bind, control),
            save_to=bind.get(f"{_ENTITIES}saveto", ""),
            renamed_from=tuple(bind.get(f"{_RASOAT}renamed_from", "").split()),
        )

    def _group(self, path: str) -> Group:
        container, repeat = self.containers.get(path), self.repeats.get(path)
        bind = self.binds.get(path, ET.Element("bind"))
        return Group(
            name=path.rpartition("/")[2],
            is_repeat=repeat is not None,
            groups=self._groups(path),
            label=self._words(container, "label"),
            relevant=self._expression(bind.get("relevant")),
            count="" if repeat is None else self._expression(repeat.get(f"{_JR}count")),
            appearance="" if container is None else container.get("appearance", ""),
        )

    def _groups(self, path: str) -> tuple[str, ...]:
        return tuple(part for part in path.split("/")[2:-1] if part != "meta")

    def _expression(self, text: str | None) -> str:
        if not text:
            return ""
        return self.reference.sub(lambda match: "${" + match[0].strip().rpartition("/")[2] + "}", text).strip()

    def _itext(self) -> dict[str, dict[str, str]]:
        """Texts by id, then by language."""
        texts: dict[str, dict[str, str]] = {}
        for translation in self.model.iter(f"{_XF}translation"):
            name = translation.get("lang", "")
            code = _LANGUAGE_CODE.search(name)
            language = code[1] if code else name
            self.languages.append(language)
            for text in translation.findall(f"{_XF}text"):
                plain = [value for value in text.findall(f"{_XF}value") if value.get("form") is None]
                if plain and (said := self._said(plain[0])):
                    texts.setdefault(text.get("id", ""), {})[language] = said
        return texts

    def _said(self, element: ET.Element) -> str:
        """The text of an element, references in it as `${name}`. pyxform pads a text with references."""
        parts = [element.text or ""]
        for output in element.findall(f"{_XF}output"):
            parts += [self._expression(output.get("value")), output.tail or ""]
        return "".join(parts).strip()

    def _words(self, element: ET.Element | None, tag: str) -> Words:
        said = None if element is None else element.find(f"{_XF}{tag}")
        if said is None:
            return {}
        return self._by_id(said.get("ref", "")) or self._plain(said)

    def _by_id(self, text: str) -> Words:
        match = _ITEXT.fullmatch(text.strip())
        if match:
            return self.texts.get(match[1], {})
        return {"": text} if text else {}

    def _plain(self, element: ET.Element) -> Words:
        said = self._said(element)
        return {"": said} if said else {}

    def _lists(self) -> Mapping[str, ChoiceList]:
        lists = {}
        for instance in self.model.findall(f"{_XF}instance")[1:]:
            name = instance.get("id", "")
            items = instance.findall(f"{_XF}root/{_XF}item")
            external = instance.get("src") is not None
            lists[name] = ChoiceList(name, external, tuple(self._choice(item) for item in items))
        return lists

    def _choice(self, item: ET.Element) -> Choice:
        text_id = item.findtext(f"{_XF}itextId")
        label = item.find(f"{_XF}label")
        words = self.texts.get(text_id, {}) if text_id else self._plain(label) if label is not None else {}
        renamed = item.findtext(f"{_XF}renamed_from") or ""
        return Choice(item.findtext(f"{_XF}name") or "", words, tuple(renamed.split()))

    def _entities(self) -> Iterator[EntitySave]:
        for node in self.data.iter(f"{_ENTITIES}entity"):
            yield self._entity(node)
        for node in self.data.iter(f"{_XF}entity"):
            if node.get("dataset"):
                yield self._entity(node)

    def _entity(self, node: ET.Element) -> EntitySave:
        path = self._path_of(node)

        def of(part: str) -> str:
            bind = self.binds.get(f"{path}/{part}")
            return "" if bind is None else self._expression(bind.get("calculate"))

        return EntitySave(
            list=node.get("dataset", ""),
            create_if=of("@create") or ("always" if node.get("create") else ""),
            update_if=of("@update") or ("always" if node.get("update") else ""),
            entity_id=of("@id"),
            label=of("label"),
        )

    def _path_of(self, node: ET.Element) -> str:
        parents = {child: parent for parent in self.data.iter() for child in parent}
        parts = []
        while node is not self.data:
            parts.append(_local(node.tag))
            node = parents[node]
        return "/".join([self.top, *reversed(parts)])


def _kind(path: str, bind: ET.Element, control: ET.Element | None) -> str:
    if path.endswith("/meta/audit"):
        return "audit"
    preload = bind.get(f"{_JR}preload")
    if preload:
        return bind.get(f"{_JR}preloadParams", "hidden")
    if control is None:
        return "calculate" if bind.get("calculate") else "hidden"
    tag, of_bind = _local(control.tag), bind.get("type", "string")
    if tag in _CONTROL_KINDS:
        return _CONTROL_KINDS[tag]
    if tag == "upload":
        return _UPLOAD_KINDS.get(control.get("mediatype", ""), "file")
    if tag == "range":
        return "range"
    if of_bind == "string" and bind.get("readonly") == "true()":
        return "note"
    return _BIND_KINDS.get(of_bind, "text")


def _parameters(bind: ET.Element, control: ET.Element | None) -> Words:
    found = {} if control is None else {k: v for k, v in control.attrib.items() if k not in _NOT_PARAMETERS}
    for name, value in bind.attrib.items():
        if name.startswith((_ORX, _ODK)):
            found[name.rpartition("}")[2]] = value
    return found


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
