"""Reading a form from any file that can hold one: a source `.md`, a workbook `.xlsx`, an XForm `.xml`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pyxform.errors import PyXFormError
from pyxform.xls2xform import convert

from forms.build import RoundConstants, write_form
from forms.errors import FormError
from forms.model import Form
from forms.source import read_source
from forms.xform import read_xform
from poverty.standard import Standard


def read_form(
    path: Path, standard: Standard, constants: RoundConstants, *, show_proposal: bool = False, computed: bool = True
) -> Form:
    """Read a form by meaning. standard, constants, show_proposal: what a source is built with; files have theirs.

    computed: as in `forms.build.write_form`; two sources are compared without what the standard adds to both.

    Raises FormError when the file is missing or holds no form.
    """
    try:
        match path.suffix:
            case ".md":
                source = read_source(path)
                with tempfile.TemporaryDirectory() as folder:
                    built = write_form(
                        source, standard, constants, Path(folder), show_proposal=show_proposal, computed=computed
                    )
                    return read_xform(built.xml.read_text(encoding="utf-8"))
            case ".xlsx":
                return read_xform(convert(path.read_bytes(), form_name="data").xform)
            case ".xml":
                return read_xform(path.read_text(encoding="utf-8"))
            case _:
                raise FormError(f"{path.name}: not a form; give a source .md, a workbook .xlsx or an XForm .xml")
    except (OSError, UnicodeDecodeError) as error:
        raise FormError(f"{path.name}: cannot be read: {type(error).__name__}") from None
    except PyXFormError as error:
        raise FormError(f"{path.name}: {error}") from None
