package bytesrc

import (
	"encoding/binary"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Magic numbers that x/sys does not name, from the filesystems' own headers and from the table
// of GNU coreutils' stat.
const (
	acfsMagic    = 0x61636673
	beegfsMagic  = 0x19830326
	gpfsMagic    = 0x47504653
	ibrixMagic   = 0x013111a8
	lustreMagic  = 0x0bd00bd0
	orangeMagic  = 0x20030528
	panfsMagic   = 0xaad7aaea
	parallels    = 0x7c7c6673
	snfsMagic    = 0xbeefdead
	vboxMagic    = 0x786f4256
	vmhgfsMagic  = 0xbacbacbc
	zfsMagic     = 0x2fc12fc1
	bcachefMagic = 0xca451a4e
)

// filesystems are the kinds of filesystems by the magic number that statfs returns. Those that
// are not listed count as local.
var filesystems = map[uint32]filesystem{
	acfsMagic:                  {"acfs", true},
	unix.AFS_FS_MAGIC:          {"afs", true},
	unix.AFS_SUPER_MAGIC:       {"afs", true},
	beegfsMagic:                {"beegfs", true},
	unix.CEPH_SUPER_MAGIC:      {"ceph", true},
	unix.CIFS_SUPER_MAGIC:      {"smb", true},
	unix.CODA_SUPER_MAGIC:      {"coda", true},
	unix.FUSE_SUPER_MAGIC:      {"fuse", true},
	gpfsMagic:                  {"gpfs", true},
	ibrixMagic:                 {"ibrix", true},
	lustreMagic:                {"lustre", true},
	unix.NFS_SUPER_MAGIC:       {"nfs", true},
	orangeMagic:                {"orangefs", true},
	panfsMagic:                 {"panfs", true},
	parallels:                  {"prl_fs", true},
	unix.SMB_SUPER_MAGIC:       {"smb", true},
	unix.SMB2_SUPER_MAGIC:      {"smb", true},
	snfsMagic:                  {"snfs", true},
	unix.V9FS_MAGIC:            {"9p", true},
	vboxMagic:                  {"vboxsf", true},
	vmhgfsMagic:                {"vmhgfs", true},
	bcachefMagic:               {"bcachefs", false},
	unix.BTRFS_SUPER_MAGIC:     {"btrfs", false},
	unix.EXT4_SUPER_MAGIC:      {"ext4", false}, // and its ancestors ext2 and ext3
	unix.F2FS_SUPER_MAGIC:      {"f2fs", false},
	unix.HUGETLBFS_MAGIC:       {"hugetlbfs", false},
	unix.OVERLAYFS_SUPER_MAGIC: {"overlay", false},
	unix.RAMFS_MAGIC:           {"ramfs", false},
	unix.SQUASHFS_MAGIC:        {"squashfs", false},
	unix.TMPFS_MAGIC:           {"tmpfs", false},
	unix.XFS_SUPER_MAGIC:       {"xfs", false},
	zfsMagic:                   {"zfs", false},
}

// filesystemOf looks at where f lies.
func filesystemOf(f *os.File) filesystem {
	var st unix.Statfs_t
	if unix.Fstatfs(int(f.Fd()), &st) != nil {
		return filesystem{}
	}
	return filesystemByMagic(uint32(st.Type))
}

// filesystemByMagic names the filesystem of a magic number.
func filesystemByMagic(magic uint32) filesystem {
	if known, ok := filesystems[magic]; ok {
		return known
	}
	return filesystem{name: fmt.Sprintf("%#x", magic)}
}

// stripeOf returns what the filesystem likes to be read in.
func stripeOf(f *os.File, where filesystem) int64 {
	if where.name == "lustre" {
		var layout [64]byte
		for _, name := range []string{"lustre.lov", "trusted.lov"} {
			// A layout of many objects does not fit, and its length is an error here;
			// st_blksize is the stripe size of such files as well, if it fits an int.
			if n, err := unix.Fgetxattr(int(f.Fd()), name, layout[:]); err == nil {
				if stripe := lustreStripe(layout[:n]); stripe > 0 {
					return stripe
				}
			}
		}
	}
	var st unix.Stat_t
	if unix.Fstat(int(f.Fd()), &st) != nil {
		return 0
	}
	return int64(st.Blksize) //nolint:unconvert // it has 32 bits on some processors
}

// The layouts that lustreStripe reads: struct lov_user_md_v1 and _v3 of Lustre's lustre_user.h
// begin with magic (4 bytes), pattern (4), object id (16) and stripe size (4).
const (
	lovV1, lovV3  = 0x0bd10bd0, 0x0bd30bd0
	lovStripeAt   = 24
	lustreQuantum = 64 << 10 // every stripe size is a multiple of it
)

// lustreStripe returns the stripe size that a Lustre layout begins with, or 0 for layouts of
// several components and for nonsense.
func lustreStripe(layout []byte) int64 {
	if len(layout) < lovStripeAt+4 {
		return 0
	}
	if magic := binary.NativeEndian.Uint32(layout); magic != lovV1 && magic != lovV3 {
		return 0
	}
	size := int64(binary.NativeEndian.Uint32(layout[lovStripeAt:]))
	if size%lustreQuantum != 0 {
		return 0
	}
	return size
}
