"""Files: the one door by which they come in, and the one way in which they are written.

``door`` reads what strangers wrote, ``names`` judges the names in it and ``identifiers`` those of
Verilog modules, ``whole`` writes all or nothing, ``keep`` holds what is built once, ``work`` and
``scratch`` make folders that may be removed again. ``sealed`` has a check over what we read again,
``alone`` keeps others out.
"""

from fq_hw.files.alone import alone
from fq_hw.files.door import (
    check_file,
    open_file,
    parse_json,
    read_bytes,
    read_json,
    read_text,
    read_toml,
)
from fq_hw.files.identifiers import check_identifier
from fq_hw.files.keep import kept, place_of
from fq_hw.files.names import as_file_name, check_file_name, check_line, check_path
from fq_hw.files.scratch import scratch_folder
from fq_hw.files.sealed import add_row, read_rows, read_sealed, row_line, write_sealed
from fq_hw.files.whole import (
    append_line,
    check_output,
    drop_torn_line,
    write_bytes,
    write_text,
    write_together,
    writing,
)
from fq_hw.files.work import work_folder

__all__ = [
    "add_row",
    "alone",
    "append_line",
    "as_file_name",
    "check_file",
    "check_file_name",
    "check_identifier",
    "check_line",
    "check_output",
    "check_path",
    "drop_torn_line",
    "kept",
    "open_file",
    "parse_json",
    "place_of",
    "read_bytes",
    "read_json",
    "read_rows",
    "read_sealed",
    "read_text",
    "read_toml",
    "row_line",
    "scratch_folder",
    "work_folder",
    "write_bytes",
    "write_sealed",
    "write_text",
    "write_together",
    "writing",
]
