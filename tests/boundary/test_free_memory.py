"""Free memory as Linux tells it: of the machine, of containers of both kinds, of neither."""

from __future__ import annotations

from graphrank._free_memory import free_memory

MEMINFO = "MemTotal: 9000 kB\nMemFree: 100 kB\nMemAvailable:    5000 kB\nSwapFree: 1000 kB\n"
STAT = "anon 7\ninactive_file 300\nactive_file 20\n"


def test_it_is_what_machine_and_groups_have_left(tmp_path):
    def write(**files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    assert free_memory(tmp_path) is None
    write(proc__meminfo=MEMINFO)
    assert free_memory(tmp_path) == 6000 * 1024
    # Version 2: a group without a limit in one with a limit, which is what counts.
    write(proc__self__cgroup="0::/outer/inner\n")
    assert free_memory(tmp_path) == 6000 * 1024
    inner, outer = (tmp_path / f"sys/fs/cgroup/{name}" for name in ("outer/inner", "outer"))
    inner.mkdir(parents=True)
    for folder, most in ((inner, "max"), (outer, "9000")):
        (folder / "memory.max").write_text(f"{most}\n")
        (folder / "memory.current").write_text("4000\n")
        (folder / "memory.stat").write_text(STAT)
    assert free_memory(tmp_path) == 9000 - 4000 + 320
    # In a container the names of groups are those of the host, and the files lie at the top.
    write(proc__self__cgroup="9:cpu:/x\n4:hugetlb,memory:/docker/abc\n")
    assert free_memory(tmp_path) == 6000 * 1024
    top = tmp_path / "sys/fs/cgroup/memory"
    top.mkdir()
    (top / "memory.limit_in_bytes").write_text("2000\n")
    (top / "memory.usage_in_bytes").write_text("2500\n")
    assert free_memory(tmp_path) == 0
    (top / "memory.stat").write_text("inactive_file 1\ntotal_inactive_file 700\n")
    assert free_memory(tmp_path) == 200


def test_this_machine_has_some():
    free = free_memory()
    assert free is None or free > 1 << 20
