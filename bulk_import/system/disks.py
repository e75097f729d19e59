"""What a folder is stored on: a disk of this machine, or a file system of another one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

_REMOTE = frozenset(
    """9p afpfs afs beegfs ceph cifs davfs fuse.davfs2 fuse.glusterfs fuse.rclone fuse.s3fs fuse.sshfs
    gcsfuse glusterfs gpfs lustre ncpfs nfs nfs4 nfsd ocfs2 orangefs prl_fs smb2 smb3 smbfs vboxsf
    vmhgfs webdav""".split()
)


class Mount(NamedTuple):
    """One file system: what is mounted where. As ``psutil.disk_partitions`` has them."""

    device: str
    mountpoint: str
    fstype: str
    opts: str


def network_file_system(path: Path, mounts: Iterable[Mount] | None = None) -> str:
    """Return the kind and origin of the network file system that holds *path*; ``""`` for a disk.

    Locks of SQLite cannot be trusted there. A folder that does not exist yet is where its nearest
    parent is.

    Args:
        mounts: In the order in which they were made; ``None`` = those of this machine.
    """
    if mounts is None:
        import psutil

        mounts = psutil.disk_partitions(all=True)
    real = path.resolve()
    holding = [mount for mount in mounts if real.is_relative_to(Path(mount.mountpoint))]
    if not holding:
        return ""
    # Of two mounts at one place, the later hides the earlier: `max` keeps the first of equals.
    nearest = max(reversed(holding), key=lambda mount: len(Path(mount.mountpoint).parts))
    is_remote = nearest.fstype.lower() in _REMOTE or "remote" in nearest.opts.split(",")
    return f"{nearest.fstype} {nearest.device}".strip() if is_remote else ""
