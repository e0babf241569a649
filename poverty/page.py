"""A standard as a page: figures and rules with their wording, source and status, and each condition in words.

Vietnamese first, English beside it. Made of the standard's file alone, and of the names of answers that the form gives.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from poverty.questions import Language, Text
from poverty.standard import Rule, Standard
from poverty.standard_file import Status
from poverty.words import AREA_WORDS, AnswerWords, Phrase, Speaker

STATUS_WORDS: dict[Status, Text] = {
    "official": Text("chính thức", "official"),
    "unofficial": Text("theo văn bản không chính thức", "from a text that is not official"),
    "illustrative": Text("minh họa, chờ văn bản", "illustrative, waits for the text"),
}


def page(standard: Standard, answers: AnswerWords, style: str = "") -> str:
    """The standard as a whole HTML page that stands alone.

    answers: the names of the answers' codes. style: the CSS to put into its head.
    """
    return (
        '<!doctype html>\n<html lang="vi">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(standard.title.vi)}</title>\n<style>\n{style}</style>\n"
        f'</head>\n<body class="alone">\n<main class="standard">\n{body(standard, answers)}</main>\n</body>\n</html>\n'
    )


def body(standard: Standard, answers: AnswerWords) -> str:
    """The page's content, for a page that has a head and a style of its own."""
    return "".join(
        (
            f"<h1>{_both(standard.title)}</h1>\n",
            _facts(standard),
            _provisional(standard),
            _classes(standard),
            _lines(standard),
            _score(standard),
            _rules(standard, answers),
        )
    )


def _facts(standard: Standard) -> str:
    rows = [
        (Text("Mã", "Id"), f"<code>{escape(standard.id)}</code>"),
        (Text("Năm rà soát", "Review years"), f"{standard.first_year}–{standard.last_year}"),
        (Text("Căn cứ", "Source"), escape(standard.source)),
    ]
    if standard.based_on is not None:
        rows.insert(1, (Text("Nâng từ chuẩn", "Stricter than"), f"<code>{escape(standard.based_on)}</code>"))
    return _list(rows)


def _provisional(standard: Standard) -> str:
    if not standard.provisional:
        return ""
    return (
        '<p class="notice"><strong>Tạm tính.</strong> Có chỉ số hoặc mức chưa được xác nhận theo văn bản chính thức, '
        "nên kết quả tính theo chuẩn này là tạm tính; hộ nghèo, hộ cận nghèo là theo quyết định công nhận của xã. "
        '<span class="en" lang="en">Provisional: some rules or figures are not confirmed by the official text; a '
        "household's class is the commune's decision.</span></p>\n"
    )


def _classes(standard: Standard) -> str:
    cut = standard.cut
    rows = [
        (
            Text("Hộ nghèo", "Poor"),
            Text(
                f"thu nhập từ chuẩn trở xuống và thiếu hụt từ {cut} chỉ số trở lên",
                f"income at or below the line and {cut} deprivations or more",
            ),
        ),
        (
            Text("Hộ cận nghèo", "Near-poor"),
            Text(
                f"thu nhập từ chuẩn trở xuống và thiếu hụt dưới {cut} chỉ số",
                f"income at or below the line and fewer than {cut} deprivations",
            ),
        ),
        (Text("Hộ không nghèo", "Not poor"), Text("thu nhập trên chuẩn", "income above the line")),
        (
            Text("Chưa đủ thông tin", "Undetermined"),
            Text("câu trả lời còn thiếu có thể làm đổi kết quả", "answers that are missing could change the result"),
        ),
    ]
    return (
        f"<h2>{_both(Text('Phân loại hộ', 'Classes'))}</h2>\n"
        + _list([(name, _both(text)) for name, text in rows])
        + _grounds(standard.cut_source, standard.cut_status)
    )


def _lines(standard: Standard) -> str:
    income = standard.income
    say = Speaker("vi", {}).digits
    rows = "".join(
        f"<tr><th scope='row'>{_both(AREA_WORDS[area])}</th><td class='number'>{say(line)}</td></tr>\n"
        for area, line in income.lines.values
    )
    return (
        f"<h2>{_both(Text('Chuẩn thu nhập', 'Income line'))}</h2>\n<table>\n<thead><tr>"
        f"<th scope='col'>{_both(Text('Khu vực', 'Area'))}</th>"
        f"<th scope='col'>{_both(Text('Đồng/người/tháng', 'Đồng per person and month'))}</th></tr></thead>\n"
        f"<tbody>\n{rows}</tbody>\n</table>\n"
        + _grounds(income.lines_source, income.lines_status)
        + f"<p>{_both(income.definition)}</p>\n"
        + _grounds(income.source, income.status)
    )


def _score(standard: Standard) -> str:
    heading = f"<h2>{_both(Text('Điểm B1, B2', 'Scores B1 and B2'))}</h2>\n"
    score = standard.score
    if score is None:
        return (
            heading + f"<p>{_both(Text('Chưa biết ngưỡng điểm của chuẩn này.', 'The cut-offs are not known.'))}</p>\n"
        )
    cuts = Text(
        "; ".join(f"{AREA_WORDS[area].vi} {cut:.0f}" for area, cut in score.b1_cut.items()),
        "; ".join(f"{AREA_WORDS[area].en} {cut:.0f}" for area, cut in score.b1_cut.items()),
    )
    points = Text(
        f"{score.b2_points} điểm mỗi chỉ số, ngưỡng {score.b2_cut}",
        f"{score.b2_points} points each, cut-off {score.b2_cut}",
    )
    rows = [
        (
            Text("B1 (thu nhập theo đặc điểm hộ)", "B1 (income by characteristics)"),
            _both(Text(f"ngưỡng: {cuts.vi}", f"cut-offs: {cuts.en}")),
        ),
        (Text("B2 (thiếu hụt)", "B2 (deprivations)"), _both(points)),
    ]
    return heading + _list(rows) + _grounds(score.source, score.status)


def _rules(standard: Standard, answers: AnswerWords) -> str:
    parts = [f"<h2>{_both(Text('Chỉ số thiếu hụt', 'Deprivations'))}</h2>\n"]
    for dimension in standard.dimensions:
        parts.append(f"<h3>{_both(dimension.name)}</h3>\n")
        parts += [_rule(rule, answers) for rule in standard.rules if rule.dimension == dimension.id]
    return "".join(parts)


def _rule(rule: Rule, answers: AnswerWords) -> str:
    said = "".join(
        f'<div class="{language}" lang="{language}">\n<p class="lead">{lead}</p>\n'
        f"{_tree([Speaker(language, answers).condition(rule.when)])}</div>\n"
        for language, lead in _LEADS
    )
    return (
        f'<section class="rule" id="{escape(rule.id)}">\n'
        f"<h4><code>{escape(rule.id)}</code> {_both(rule.name)}</h4>\n"
        f"<p>{_both(rule.wording)}</p>\n{_grounds(rule.source, rule.status)}"
        f'<div class="said">\n{said}</div>\n</section>\n'
    )


_LEADS: tuple[tuple[Language, str], ...] = (("vi", "Hộ thiếu hụt khi:"), ("en", "The household is deprived when:"))


def _tree(phrases: Iterable[Phrase]) -> str:
    items = "".join(f"<li>{escape(phrase.text)}{_under(phrase)}</li>\n" for phrase in phrases)
    return f"<ul>\n{items}</ul>\n"


def _under(phrase: Phrase) -> str:
    return ":\n" + _tree(phrase.parts) if phrase.parts else ""


def _grounds(source: str, status: Status) -> str:
    return (
        f'<p class="grounds"><span class="status {status}">{_both(STATUS_WORDS[status])}</span> {escape(source)}</p>\n'
    )


def _list(rows: Iterable[tuple[Text, str]]) -> str:
    items = "".join(f"<div><dt>{_both(name)}</dt><dd>{told}</dd></div>\n" for name, told in rows)
    return f"<dl>\n{items}</dl>\n"


def _both(text: Text) -> str:
    return f'{escape(text.vi)} <span class="en" lang="en">{escape(text.en)}</span>'
