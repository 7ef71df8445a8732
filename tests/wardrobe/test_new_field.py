"""A new row in the table of fields is all that a new field needs."""

from __future__ import annotations

import os
import subprocess
import sys


def test_a_row_in_the_table_is_a_field_in_schema_columns_form_bar_csv_and_filters(repository, tmp_path):
    environment = os.environ | {"EWARDROBE_HOME": str(tmp_path), "PYTHONPATH": f"{repository}:{repository / 'tests'}"}
    command = [sys.executable, str(repository / "tests" / "new_field.py"), str(tmp_path)]
    done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.endswith("found everywhere\n"), done.stdout + done.stderr
