"""What a folder is stored on: a disk of this machine, or a file system of another one."""

from __future__ import annotations

from pathlib import Path

_REMOTE = frozenset(
    """9p afpfs afs beegfs ceph cifs davfs fuse.davfs2 fuse.glusterfs fuse.rclone fuse.s3fs fuse.sshfs
    gcsfuse glusterfs gpfs lustre ncpfs nfs nfs4 nfsd ocfs2 orangefs prl_fs smb2 smb3 smbfs vboxsf
    vmhgfs webdav""".split()
)


def network_file_system(path: Path) -> str:
    """Return the kind and origin of the network file system that holds *path*; ``""`` for a disk.

    Locks of SQLite cannot be trusted there. A folder that does not exist yet is where its nearest
    parent is.
    """
    import psutil

    real = path.resolve()
    mounts = [
        mount
        for mount in psutil.disk_partitions(all=True)
        if real.is_relative_to(Path(mount.mountpoint))
    ]
    if not mounts:
        return ""
    # Of two mounts at one place, the later hides the earlier: `max` keeps the first of equals.
    nearest = max(reversed(mounts), key=lambda mount: len(Path(mount.mountpoint).parts))
    is_remote = nearest.fstype.lower() in _REMOTE or "remote" in nearest.opts.split(",")
    return f"{nearest.fstype} {nearest.device}".strip() if is_remote else ""
