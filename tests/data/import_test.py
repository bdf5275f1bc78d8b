"""Tests for what importing jaxsdm.data asks for."""

import subprocess
import sys


def test_without_pandas_the_message_names_the_extra():
    program = "import sys; sys.modules['pandas'] = None; import jaxsdm.data"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True
    )
    assert ran.returncode == 1
    last = ran.stderr.strip().splitlines()[-1]
    assert last.endswith("jaxsdm.data needs pandas: pip install 'jaxsdm[data]'.")
