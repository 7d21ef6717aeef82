package bytesrc

import (
	"os"

	"golang.org/x/sys/unix"
)

// Magic numbers that x/sys does not name, from the filesystems' own headers.
const (
	lustreMagic = 0x0bd00bd0
	gpfsMagic   = 0x47504653
	beegfsMagic = 0x19830326
	orangeMagic = 0x20030528
)

// remoteFS names the filesystem of f if its pages come over a network or from another
// process, and is empty otherwise.
func remoteFS(f *os.File) string {
	var st unix.Statfs_t
	if unix.Fstatfs(int(f.Fd()), &st) != nil {
		return ""
	}
	switch uint32(st.Type) {
	case unix.NFS_SUPER_MAGIC:
		return "nfs"
	case unix.SMB_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC:
		return "smb"
	case unix.FUSE_SUPER_MAGIC:
		return "fuse"
	case unix.V9FS_MAGIC:
		return "9p"
	case unix.CEPH_SUPER_MAGIC:
		return "ceph"
	case unix.AFS_SUPER_MAGIC, unix.AFS_FS_MAGIC:
		return "afs"
	case lustreMagic:
		return "lustre"
	case gpfsMagic:
		return "gpfs"
	case beegfsMagic:
		return "beegfs"
	case orangeMagic:
		return "orangefs"
	}
	return ""
}
