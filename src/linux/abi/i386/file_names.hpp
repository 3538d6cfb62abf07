// Names of flags and commands of the calls that work on files and memory, as i386 has their values
// (arch/x86/include/uapi and include/uapi/asm-generic, include/uapi/linux).
#pragma once

#include "linux/abi/i386/name_table.hpp"

namespace ferry::linux::abi {

inline constexpr NamedValue kOpenFlagRows[] = {
    {0100, "O_CREAT"},        {0200, "O_EXCL"},         {0400, "O_NOCTTY"},
    {01000, "O_TRUNC"},       {02000, "O_APPEND"},      {04000, "O_NONBLOCK"},
    {04010000, "O_SYNC"},     {020000, "O_ASYNC"},      {010000, "O_DSYNC"},
    {040000, "O_DIRECT"},     {0100000, "O_LARGEFILE"}, {0400000, "O_NOFOLLOW"},
    {01000000, "O_NOATIME"},  {02000000, "O_CLOEXEC"},  {010000000, "O_PATH"},
    {020200000, "O_TMPFILE"}, {0200000, "O_DIRECTORY"}};
inline constexpr NameTable kOpenFlags{kOpenFlagRows, "O_???"};
inline constexpr NamedValue kAccessModeRows[] = {
    {0, "O_RDONLY"}, {1, "O_WRONLY"}, {2, "O_RDWR"}, {3, "O_ACCMODE"}};
inline constexpr NameTable kAccessModes{kAccessModeRows, "O_???"};

inline constexpr NamedValue kResolveRows[] = {
    {1, "RESOLVE_NO_XDEV"}, {2, "RESOLVE_NO_MAGICLINKS"}, {4, "RESOLVE_NO_SYMLINKS"},
    {8, "RESOLVE_BENEATH"}, {16, "RESOLVE_IN_ROOT"},      {32, "RESOLVE_CACHED"}};
inline constexpr NameTable kResolveFlags{kResolveRows, "RESOLVE_???"};

inline constexpr NamedValue kWhenceRows[] = {
    {0, "SEEK_SET"}, {1, "SEEK_CUR"}, {2, "SEEK_END"}, {3, "SEEK_DATA"}, {4, "SEEK_HOLE"}};
inline constexpr NameTable kWhences{kWhenceRows, "SEEK_???"};

inline constexpr NamedValue kAccessRows[] = {{0, "F_OK"}, {4, "R_OK"}, {2, "W_OK"}, {1, "X_OK"}};
inline constexpr NameTable kAccessBits{kAccessRows, "?_OK"};

inline constexpr NamedValue kAtRows[] = {{0x100, "AT_SYMLINK_NOFOLLOW"}, {0x200, "AT_REMOVEDIR"},
                                         {0x400, "AT_SYMLINK_FOLLOW"},   {0x800, "AT_NO_AUTOMOUNT"},
                                         {0x1000, "AT_EMPTY_PATH"},      {0x8000, "AT_RECURSIVE"}};
inline constexpr NameTable kAtFlags{kAtRows, "AT_???"};
inline constexpr NamedValue kAtAccessRows[] = {
    {0x100, "AT_SYMLINK_NOFOLLOW"}, {0x200, "AT_EACCESS"}, {0x1000, "AT_EMPTY_PATH"}};
inline constexpr NameTable kAtAccessFlags{kAtAccessRows, "AT_???"};
inline constexpr NamedValue kAtStatxSyncRows[] = {
    {0, "AT_STATX_SYNC_AS_STAT"}, {0x2000, "AT_STATX_FORCE_SYNC"}, {0x4000, "AT_STATX_DONT_SYNC"}};
inline constexpr NameTable kAtStatxSyncTypes{kAtStatxSyncRows, "AT_STATX_???"};

inline constexpr NamedValue kStatxMaskRows[] = {{0xfff, "STATX_ALL"},
                                                {0x7ff, "STATX_BASIC_STATS"},
                                                {1, "STATX_TYPE"},
                                                {2, "STATX_MODE"},
                                                {4, "STATX_NLINK"},
                                                {8, "STATX_UID"},
                                                {0x10, "STATX_GID"},
                                                {0x20, "STATX_ATIME"},
                                                {0x40, "STATX_MTIME"},
                                                {0x80, "STATX_CTIME"},
                                                {0x100, "STATX_INO"},
                                                {0x200, "STATX_SIZE"},
                                                {0x400, "STATX_BLOCKS"},
                                                {0x800, "STATX_BTIME"},
                                                {0x1000, "STATX_MNT_ID"},
                                                {0x2000, "STATX_DIOALIGN"},
                                                {0x4000, "STATX_MNT_ID_UNIQUE"},
                                                {0x8000, "STATX_SUBVOL"}};
inline constexpr NameTable kStatxMasks{kStatxMaskRows, "STATX_???"};
inline constexpr NamedValue kStatxAttributeRows[] = {
    {4, "STATX_ATTR_COMPRESSED"},      {0x10, "STATX_ATTR_IMMUTABLE"},
    {0x20, "STATX_ATTR_APPEND"},       {0x40, "STATX_ATTR_NODUMP"},
    {0x800, "STATX_ATTR_ENCRYPTED"},   {0x1000, "STATX_ATTR_AUTOMOUNT"},
    {0x2000, "STATX_ATTR_MOUNT_ROOT"}, {0x100000, "STATX_ATTR_VERITY"},
    {0x200000, "STATX_ATTR_DAX"}};
inline constexpr NameTable kStatxAttributes{kStatxAttributeRows, "STATX_ATTR_???"};

inline constexpr NamedValue kFileTypeRows[] = {
    {0140000, "S_IFSOCK"}, {0120000, "S_IFLNK"}, {0100000, "S_IFREG"}, {0060000, "S_IFBLK"},
    {0040000, "S_IFDIR"},  {0020000, "S_IFCHR"}, {0010000, "S_IFIFO"}};
inline constexpr NameTable kFileTypes{kFileTypeRows, "S_IF???"};

inline constexpr NamedValue kFileSystemRows[] = {
    {0xef53, "EXT2_SUPER_MAGIC"},        {0x01021994, "TMPFS_MAGIC"},
    {0x9fa0, "PROC_SUPER_MAGIC"},        {0x62656572, "SYSFS_MAGIC"},
    {0x1cd1, "DEVPTS_SUPER_MAGIC"},      {0x794c7630, "OVERLAYFS_SUPER_MAGIC"},
    {0x9123683e, "BTRFS_SUPER_MAGIC"},   {0x58465342, "XFS_SUPER_MAGIC"},
    {0x6969, "NFS_SUPER_MAGIC"},         {0x4d44, "MSDOS_SUPER_MAGIC"},
    {0x9660, "ISOFS_SUPER_MAGIC"},       {0x73717368, "SQUASHFS_MAGIC"},
    {0x65735546, "FUSE_SUPER_MAGIC"},    {0x858458f6, "RAMFS_MAGIC"},
    {0x27e0eb, "CGROUP_SUPER_MAGIC"},    {0x63677270, "CGROUP2_SUPER_MAGIC"},
    {0x64626720, "DEBUGFS_MAGIC"},       {0x74726163, "TRACEFS_MAGIC"},
    {0x50495045, "PIPEFS_MAGIC"},        {0x534f434b, "SOCKFS_MAGIC"},
    {0x09041934, "ANON_INODE_FS_MAGIC"}, {0x6e736673, "NSFS_MAGIC"},
    {0x1021997, "V9FS_MAGIC"},           {0x958458f6, "HUGETLBFS_MAGIC"},
    {0x73636673, "SECURITYFS_MAGIC"},    {0xf2f52010, "F2FS_SUPER_MAGIC"},
    {0x42494e4d, "BINFMTFS_MAGIC"},      {0x19800202, "MQUEUE_MAGIC"}};
inline constexpr NameTable kFileSystems{kFileSystemRows, ""};
inline constexpr NamedValue kStatFsRows[] = {
    {0x20, "ST_VALID"},      {1, "ST_RDONLY"},          {2, "ST_NOSUID"},
    {4, "ST_NODEV"},         {8, "ST_NOEXEC"},          {0x10, "ST_SYNCHRONOUS"},
    {0x40, "ST_MANDLOCK"},   {0x400, "ST_NOATIME"},     {0x800, "ST_NODIRATIME"},
    {0x1000, "ST_RELATIME"}, {0x2000, "ST_NOSYMFOLLOW"}};
inline constexpr NameTable kStatFsFlags{kStatFsRows, "ST_???"};

inline constexpr NamedValue kFcntlRows[] = {{0, "F_DUPFD"},
                                            {1, "F_GETFD"},
                                            {2, "F_SETFD"},
                                            {3, "F_GETFL"},
                                            {4, "F_SETFL"},
                                            {5, "F_GETLK"},
                                            {6, "F_SETLK"},
                                            {7, "F_SETLKW"},
                                            {8, "F_SETOWN"},
                                            {9, "F_GETOWN"},
                                            {10, "F_SETSIG"},
                                            {11, "F_GETSIG"},
                                            {12, "F_GETLK64"},
                                            {13, "F_SETLK64"},
                                            {14, "F_SETLKW64"},
                                            {15, "F_SETOWN_EX"},
                                            {16, "F_GETOWN_EX"},
                                            {17, "F_GETOWNER_UIDS"},
                                            {36, "F_OFD_GETLK"},
                                            {37, "F_OFD_SETLK"},
                                            {38, "F_OFD_SETLKW"},
                                            {1024, "F_SETLEASE"},
                                            {1025, "F_GETLEASE"},
                                            {1026, "F_NOTIFY"},
                                            {1029, "F_CANCELLK"},
                                            {1030, "F_DUPFD_CLOEXEC"},
                                            {1031, "F_SETPIPE_SZ"},
                                            {1032, "F_GETPIPE_SZ"},
                                            {1033, "F_ADD_SEALS"},
                                            {1034, "F_GET_SEALS"},
                                            {1035, "F_GET_RW_HINT"},
                                            {1036, "F_SET_RW_HINT"},
                                            {1037, "F_GET_FILE_RW_HINT"},
                                            {1038, "F_SET_FILE_RW_HINT"}};
inline constexpr NameTable kFcntlCommands{kFcntlRows, "F_???"};
inline constexpr NamedValue kFdFlagRows[] = {{1, "FD_CLOEXEC"}};
inline constexpr NameTable kFdFlags{kFdFlagRows, "FD_???"};
inline constexpr NamedValue kLockTypeRows[] = {{0, "F_RDLCK"}, {1, "F_WRLCK"}, {2, "F_UNLCK"}};
inline constexpr NameTable kLockTypes{kLockTypeRows, "F_???"};
inline constexpr NamedValue kOwnerTypeRows[] = {
    {0, "F_OWNER_TID"}, {1, "F_OWNER_PID"}, {2, "F_OWNER_PGRP"}};
inline constexpr NameTable kOwnerTypes{kOwnerTypeRows, "F_OWNER_???"};
inline constexpr NamedValue kSealRows[] = {{1, "F_SEAL_SEAL"},          {2, "F_SEAL_SHRINK"},
                                           {4, "F_SEAL_GROW"},          {8, "F_SEAL_WRITE"},
                                           {16, "F_SEAL_FUTURE_WRITE"}, {32, "F_SEAL_EXEC"}};
inline constexpr NameTable kSeals{kSealRows, "F_SEAL_???"};
inline constexpr NamedValue kNotifyRows[] = {{1, "DN_ACCESS"},
                                             {2, "DN_MODIFY"},
                                             {4, "DN_CREATE"},
                                             {8, "DN_DELETE"},
                                             {16, "DN_RENAME"},
                                             {32, "DN_ATTRIB"},
                                             {0x80000000, "DN_MULTISHOT"}};
inline constexpr NameTable kNotifyFlags{kNotifyRows, "DN_???"};
inline constexpr NamedValue kFlockRows[] = {{1, "LOCK_SH"},    {2, "LOCK_EX"},     {4, "LOCK_NB"},
                                            {8, "LOCK_UN"},    {32, "LOCK_MAND"},  {192, "LOCK_RW"},
                                            {64, "LOCK_READ"}, {128, "LOCK_WRITE"}};
inline constexpr NameTable kFlockOperations{kFlockRows, "LOCK_???"};

inline constexpr NamedValue kRwfRows[] = {
    {1, "RWF_HIPRI"}, {2, "RWF_DSYNC"}, {4, "RWF_SYNC"}, {8, "RWF_NOWAIT"}, {16, "RWF_APPEND"}};
inline constexpr NameTable kRwfFlags{kRwfRows, "RWF_???"};
inline constexpr NamedValue kFadviseRows[] = {
    {0, "POSIX_FADV_NORMAL"},   {1, "POSIX_FADV_RANDOM"},   {2, "POSIX_FADV_SEQUENTIAL"},
    {3, "POSIX_FADV_WILLNEED"}, {4, "POSIX_FADV_DONTNEED"}, {5, "POSIX_FADV_NOREUSE"}};
inline constexpr NameTable kFadvice{kFadviseRows, "POSIX_FADV_???"};
inline constexpr NamedValue kFallocateRows[] = {
    {1, "FALLOC_FL_KEEP_SIZE"},      {2, "FALLOC_FL_PUNCH_HOLE"},  {4, "FALLOC_FL_NO_HIDE_STALE"},
    {8, "FALLOC_FL_COLLAPSE_RANGE"}, {16, "FALLOC_FL_ZERO_RANGE"}, {32, "FALLOC_FL_INSERT_RANGE"},
    {64, "FALLOC_FL_UNSHARE_RANGE"}};
inline constexpr NameTable kFallocateModes{kFallocateRows, "FALLOC_FL_???"};
inline constexpr NamedValue kSyncRangeRows[] = {{1, "SYNC_FILE_RANGE_WAIT_BEFORE"},
                                                {2, "SYNC_FILE_RANGE_WRITE"},
                                                {4, "SYNC_FILE_RANGE_WAIT_AFTER"}};
inline constexpr NameTable kSyncRangeFlags{kSyncRangeRows, "SYNC_FILE_RANGE_???"};
inline constexpr NamedValue kRenameRows[] = {
    {1, "RENAME_NOREPLACE"}, {2, "RENAME_EXCHANGE"}, {4, "RENAME_WHITEOUT"}};
inline constexpr NameTable kRenameFlags{kRenameRows, "RENAME_??"};
inline constexpr NamedValue kSpliceRows[] = {
    {1, "SPLICE_F_MOVE"}, {2, "SPLICE_F_NONBLOCK"}, {4, "SPLICE_F_MORE"}, {8, "SPLICE_F_GIFT"}};
inline constexpr NameTable kSpliceFlags{kSpliceRows, "SPLICE_F_???"};
inline constexpr NamedValue kXattrRows[] = {{1, "XATTR_CREATE"}, {2, "XATTR_REPLACE"}};
inline constexpr NameTable kXattrFlags{kXattrRows, "XATTR_???"};
inline constexpr NamedValue kCloseRangeRows[] = {{2, "CLOSE_RANGE_UNSHARE"},
                                                 {4, "CLOSE_RANGE_CLOEXEC"}};
inline constexpr NameTable kCloseRangeFlags{kCloseRangeRows, "CLOSE_RANGE_???"};
inline constexpr NamedValue kMemfdRows[] = {{1, "MFD_CLOEXEC"},
                                            {2, "MFD_ALLOW_SEALING"},
                                            {4, "MFD_HUGETLB"},
                                            {8, "MFD_NOEXEC_SEAL"},
                                            {16, "MFD_EXEC"}};
inline constexpr NameTable kMemfdFlags{kMemfdRows, "MFD_???"};
inline constexpr NamedValue kEventfdRows[] = {
    {1, "EFD_SEMAPHORE"}, {02000000, "EFD_CLOEXEC"}, {04000, "EFD_NONBLOCK"}};
inline constexpr NameTable kEventfdFlags{kEventfdRows, "EFD_???"};
inline constexpr NamedValue kInotifyInitRows[] = {{04000, "IN_NONBLOCK"}, {02000000, "IN_CLOEXEC"}};
inline constexpr NameTable kInotifyInitFlags{kInotifyInitRows, "IN_???"};
inline constexpr NamedValue kInotifyRows[] = {{1, "IN_ACCESS"},
                                              {2, "IN_MODIFY"},
                                              {4, "IN_ATTRIB"},
                                              {8, "IN_CLOSE_WRITE"},
                                              {0x10, "IN_CLOSE_NOWRITE"},
                                              {0x20, "IN_OPEN"},
                                              {0x40, "IN_MOVED_FROM"},
                                              {0x80, "IN_MOVED_TO"},
                                              {0x100, "IN_CREATE"},
                                              {0x200, "IN_DELETE"},
                                              {0x400, "IN_DELETE_SELF"},
                                              {0x800, "IN_MOVE_SELF"},
                                              {0x2000, "IN_UNMOUNT"},
                                              {0x4000, "IN_Q_OVERFLOW"},
                                              {0x8000, "IN_IGNORED"},
                                              {0x01000000, "IN_ONLYDIR"},
                                              {0x02000000, "IN_DONT_FOLLOW"},
                                              {0x04000000, "IN_EXCL_UNLINK"},
                                              {0x10000000, "IN_MASK_CREATE"},
                                              {0x20000000, "IN_MASK_ADD"},
                                              {0x40000000, "IN_ISDIR"},
                                              {0x80000000, "IN_ONESHOT"}};
inline constexpr NameTable kInotifyMasks{kInotifyRows, "IN_???"};
inline constexpr NamedValue kFanotifyInitRows[] = {{1, "FAN_CLOEXEC"},
                                                   {2, "FAN_NONBLOCK"},
                                                   {0x10, "FAN_UNLIMITED_QUEUE"},
                                                   {0x20, "FAN_UNLIMITED_MARKS"},
                                                   {0x40, "FAN_ENABLE_AUDIT"},
                                                   {0x80, "FAN_REPORT_PIDFD"},
                                                   {0x100, "FAN_REPORT_TID"},
                                                   {0x200, "FAN_REPORT_FID"},
                                                   {0x400, "FAN_REPORT_DIR_FID"},
                                                   {0x800, "FAN_REPORT_NAME"},
                                                   {0x1000, "FAN_REPORT_TARGET_FID"}};
inline constexpr NameTable kFanotifyInitFlags{kFanotifyInitRows, "FAN_???"};
inline constexpr NamedValue kFanotifyClassRows[] = {
    {0, "FAN_CLASS_NOTIF"}, {4, "FAN_CLASS_CONTENT"}, {8, "FAN_CLASS_PRE_CONTENT"}};
inline constexpr NameTable kFanotifyClasses{kFanotifyClassRows, "FAN_CLASS_???"};
inline constexpr NamedValue kFanotifyMarkRows[] = {{1, "FAN_MARK_ADD"},
                                                   {2, "FAN_MARK_REMOVE"},
                                                   {4, "FAN_MARK_DONT_FOLLOW"},
                                                   {8, "FAN_MARK_ONLYDIR"},
                                                   {0x10, "FAN_MARK_MOUNT"},
                                                   {0x20, "FAN_MARK_IGNORED_MASK"},
                                                   {0x40, "FAN_MARK_IGNORED_SURV_MODIFY"},
                                                   {0x80, "FAN_MARK_FLUSH"},
                                                   {0x100, "FAN_MARK_FILESYSTEM"},
                                                   {0x200, "FAN_MARK_EVICTABLE"},
                                                   {0x400, "FAN_MARK_IGNORE"}};
inline constexpr NameTable kFanotifyMarkFlags{kFanotifyMarkRows, "FAN_MARK_???"};
inline constexpr NamedValue kFanotifyEventRows[] = {{1, "FAN_ACCESS"},
                                                    {2, "FAN_MODIFY"},
                                                    {4, "FAN_ATTRIB"},
                                                    {8, "FAN_CLOSE_WRITE"},
                                                    {0x10, "FAN_CLOSE_NOWRITE"},
                                                    {0x20, "FAN_OPEN"},
                                                    {0x40, "FAN_MOVED_FROM"},
                                                    {0x80, "FAN_MOVED_TO"},
                                                    {0x100, "FAN_CREATE"},
                                                    {0x200, "FAN_DELETE"},
                                                    {0x400, "FAN_DELETE_SELF"},
                                                    {0x800, "FAN_MOVE_SELF"},
                                                    {0x1000, "FAN_OPEN_EXEC"},
                                                    {0x4000, "FAN_Q_OVERFLOW"},
                                                    {0x8000, "FAN_FS_ERROR"},
                                                    {0x10000, "FAN_OPEN_PERM"},
                                                    {0x20000, "FAN_ACCESS_PERM"},
                                                    {0x40000, "FAN_OPEN_EXEC_PERM"},
                                                    {0x8000000, "FAN_EVENT_ON_CHILD"},
                                                    {0x10000000, "FAN_RENAME"},
                                                    {0x40000000, "FAN_ONDIR"}};
inline constexpr NameTable kFanotifyEvents{kFanotifyEventRows, "FAN_???"};

inline constexpr NamedValue kMountRows[] = {
    {1, "MS_RDONLY"},          {2, "MS_NOSUID"},           {4, "MS_NODEV"},
    {8, "MS_NOEXEC"},          {16, "MS_SYNCHRONOUS"},     {32, "MS_REMOUNT"},
    {64, "MS_MANDLOCK"},       {128, "MS_DIRSYNC"},        {256, "MS_NOSYMFOLLOW"},
    {1024, "MS_NOATIME"},      {2048, "MS_NODIRATIME"},    {4096, "MS_BIND"},
    {8192, "MS_MOVE"},         {16384, "MS_REC"},          {32768, "MS_SILENT"},
    {1 << 16, "MS_POSIXACL"},  {1 << 17, "MS_UNBINDABLE"}, {1 << 18, "MS_PRIVATE"},
    {1 << 19, "MS_SLAVE"},     {1 << 20, "MS_SHARED"},     {1 << 21, "MS_RELATIME"},
    {1 << 22, "MS_KERNMOUNT"}, {1 << 23, "MS_I_VERSION"},  {1 << 24, "MS_STRICTATIME"},
    {1 << 25, "MS_LAZYTIME"}};
inline constexpr NameTable kMountFlags{kMountRows, "MS_???"};
inline constexpr NamedValue kUmountRows[] = {
    {1, "MNT_FORCE"}, {2, "MNT_DETACH"}, {4, "MNT_EXPIRE"}, {8, "UMOUNT_NOFOLLOW"}};
inline constexpr NameTable kUmountFlags{kUmountRows, "MNT_???"};
inline constexpr NamedValue kFsopenRows[] = {{1, "FSOPEN_CLOEXEC"}};
inline constexpr NameTable kFsopenFlags{kFsopenRows, "FSOPEN_???"};
inline constexpr NamedValue kFsmountRows[] = {{1, "FSMOUNT_CLOEXEC"}};
inline constexpr NameTable kFsmountFlags{kFsmountRows, "FSMOUNT_???"};
inline constexpr NamedValue kMountAttributeRows[] = {{1, "MOUNT_ATTR_RDONLY"},
                                                     {2, "MOUNT_ATTR_NOSUID"},
                                                     {4, "MOUNT_ATTR_NODEV"},
                                                     {8, "MOUNT_ATTR_NOEXEC"},
                                                     {0x10, "MOUNT_ATTR_NOATIME"},
                                                     {0x20, "MOUNT_ATTR_STRICTATIME"},
                                                     {0x80, "MOUNT_ATTR_NODIRATIME"},
                                                     {0x100000, "MOUNT_ATTR_IDMAP"},
                                                     {0x200000, "MOUNT_ATTR_NOSYMFOLLOW"}};
inline constexpr NameTable kMountAttributes{kMountAttributeRows, "MOUNT_ATTR_???"};
inline constexpr NamedValue kFspickRows[] = {{1, "FSPICK_CLOEXEC"},
                                             {2, "FSPICK_SYMLINK_NOFOLLOW"},
                                             {4, "FSPICK_NO_AUTOMOUNT"},
                                             {8, "FSPICK_EMPTY_PATH"}};
inline constexpr NameTable kFspickFlags{kFspickRows, "FSPICK_???"};
inline constexpr NamedValue kFsconfigRows[] = {
    {0, "FSCONFIG_SET_FLAG"},   {1, "FSCONFIG_SET_STRING"},     {2, "FSCONFIG_SET_BINARY"},
    {3, "FSCONFIG_SET_PATH"},   {4, "FSCONFIG_SET_PATH_EMPTY"}, {5, "FSCONFIG_SET_FD"},
    {6, "FSCONFIG_CMD_CREATE"}, {7, "FSCONFIG_CMD_RECONFIGURE"}};
inline constexpr NameTable kFsconfigCommands{kFsconfigRows, "FSCONFIG_???"};
inline constexpr NamedValue kOpenTreeRows[] = {
    {1, "OPEN_TREE_CLONE"},     {02000000, "OPEN_TREE_CLOEXEC"}, {0x100, "AT_SYMLINK_NOFOLLOW"},
    {0x800, "AT_NO_AUTOMOUNT"}, {0x1000, "AT_EMPTY_PATH"},       {0x8000, "AT_RECURSIVE"}};
inline constexpr NameTable kOpenTreeFlags{kOpenTreeRows, "OPEN_TREE_???"};
inline constexpr NamedValue kMoveMountRows[] = {
    {1, "MOVE_MOUNT_F_SYMLINKS"},      {2, "MOVE_MOUNT_F_AUTOMOUNTS"},
    {4, "MOVE_MOUNT_F_EMPTY_PATH"},    {0x10, "MOVE_MOUNT_T_SYMLINKS"},
    {0x20, "MOVE_MOUNT_T_AUTOMOUNTS"}, {0x40, "MOVE_MOUNT_T_EMPTY_PATH"},
    {0x100, "MOVE_MOUNT_SET_GROUP"}};
inline constexpr NameTable kMoveMountFlags{kMoveMountRows, "MOVE_MOUNT_???"};
inline constexpr NamedValue kHandleRows[] = {{0x400, "AT_SYMLINK_FOLLOW"},
                                             {0x1000, "AT_EMPTY_PATH"}};
inline constexpr NameTable kHandleFlags{kHandleRows, "AT_???"};
inline constexpr NamedValue kSwapRows[] = {{0x8000, "SWAP_FLAG_PREFER"},
                                           {0x10000, "SWAP_FLAG_DISCARD"}};
inline constexpr NameTable kSwapFlags{kSwapRows, "SWAP_FLAG_???"};
inline constexpr NamedValue kQuotaCommandRows[] = {
    {0x800001, "Q_SYNC"},     {0x800002, "Q_QUOTAON"},  {0x800003, "Q_QUOTAOFF"},
    {0x800004, "Q_GETFMT"},   {0x800005, "Q_GETINFO"},  {0x800006, "Q_SETINFO"},
    {0x800007, "Q_GETQUOTA"}, {0x800008, "Q_SETQUOTA"}, {0x800009, "Q_GETNEXTQUOTA"}};
inline constexpr NameTable kQuotaCommands{kQuotaCommandRows, "Q_???"};
inline constexpr NamedValue kQuotaFormatRows[] = {
    {1, "QFMT_VFS_OLD"}, {2, "QFMT_VFS_V0"}, {3, "QFMT_OCFS2"}, {4, "QFMT_VFS_V1"}};
inline constexpr NameTable kQuotaFormats{kQuotaFormatRows, "QFMT_VFS_???"};
inline constexpr NamedValue kQuotaTypeRows[] = {{0, "USRQUOTA"}, {1, "GRPQUOTA"}, {2, "PRJQUOTA"}};
inline constexpr NameTable kQuotaTypes{kQuotaTypeRows, "???QUOTA"};

// --- memory --------------------------------------------------------------------------------------
inline constexpr NamedValue kProtectionRows[] = {{0, "PROT_NONE"},
                                                 {1, "PROT_READ"},
                                                 {2, "PROT_WRITE"},
                                                 {4, "PROT_EXEC"},
                                                 {8, "PROT_SEM"},
                                                 {0x01000000, "PROT_GROWSDOWN"},
                                                 {0x02000000, "PROT_GROWSUP"}};
inline constexpr NameTable kProtections{kProtectionRows, "PROT_???"};
inline constexpr NamedValue kMapTypeRows[] = {
    {0, "MAP_FILE"}, {1, "MAP_SHARED"}, {2, "MAP_PRIVATE"}, {3, "MAP_SHARED_VALIDATE"}};
inline constexpr NameTable kMapTypes{kMapTypeRows, "MAP_???"};
inline constexpr NamedValue kMapRows[] = {
    {0x10, "MAP_FIXED"},       {0x20, "MAP_ANONYMOUS"},          {0x40, "MAP_32BIT"},
    {0x4000, "MAP_NORESERVE"}, {0x8000, "MAP_POPULATE"},         {0x10000, "MAP_NONBLOCK"},
    {0x100, "MAP_GROWSDOWN"},  {0x800, "MAP_DENYWRITE"},         {0x1000, "MAP_EXECUTABLE"},
    {0x2000, "MAP_LOCKED"},    {0x20000, "MAP_STACK"},           {0x40000, "MAP_HUGETLB"},
    {0x80000, "MAP_SYNC"},     {0x100000, "MAP_FIXED_NOREPLACE"}};
inline constexpr NameTable kMapFlags{kMapRows, "MAP_???"};
inline constexpr NamedValue kMremapRows[] = {
    {1, "MREMAP_MAYMOVE"}, {2, "MREMAP_FIXED"}, {4, "MREMAP_DONTUNMAP"}};
inline constexpr NameTable kMremapFlags{kMremapRows, "MREMAP_???"};
inline constexpr NamedValue kMsyncRows[] = {
    {0, "0"}, {1, "MS_ASYNC"}, {4, "MS_SYNC"}, {2, "MS_INVALIDATE"}};
inline constexpr NameTable kMsyncFlags{kMsyncRows, "MS_???"};
inline constexpr NamedValue kMlockallRows[] = {
    {1, "MCL_CURRENT"}, {2, "MCL_FUTURE"}, {4, "MCL_ONFAULT"}};
inline constexpr NameTable kMlockallFlags{kMlockallRows, "MCL_???"};
inline constexpr NamedValue kMlock2Rows[] = {{1, "MLOCK_ONFAULT"}};
inline constexpr NameTable kMlock2Flags{kMlock2Rows, "MLOCK_???"};
inline constexpr NamedValue kMadviseRows[] = {
    {0, "MADV_NORMAL"},           {1, "MADV_RANDOM"},         {2, "MADV_SEQUENTIAL"},
    {3, "MADV_WILLNEED"},         {4, "MADV_DONTNEED"},       {8, "MADV_FREE"},
    {9, "MADV_REMOVE"},           {10, "MADV_DONTFORK"},      {11, "MADV_DOFORK"},
    {12, "MADV_MERGEABLE"},       {13, "MADV_UNMERGEABLE"},   {14, "MADV_HUGEPAGE"},
    {15, "MADV_NOHUGEPAGE"},      {16, "MADV_DONTDUMP"},      {17, "MADV_DODUMP"},
    {18, "MADV_WIPEONFORK"},      {19, "MADV_KEEPONFORK"},    {20, "MADV_COLD"},
    {21, "MADV_PAGEOUT"},         {22, "MADV_POPULATE_READ"}, {23, "MADV_POPULATE_WRITE"},
    {24, "MADV_DONTNEED_LOCKED"}, {25, "MADV_COLLAPSE"},      {100, "MADV_HWPOISON"},
    {101, "MADV_SOFT_OFFLINE"}};
inline constexpr NameTable kMadvice{kMadviseRows, "MADV_???"};
inline constexpr NamedValue kGetrandomRows[] = {
    {1, "GRND_NONBLOCK"}, {2, "GRND_RANDOM"}, {4, "GRND_INSECURE"}};
inline constexpr NameTable kGetrandomFlags{kGetrandomRows, "GRND_???"};
inline constexpr NamedValue kMembarrierCommandRows[] = {
    {0, "MEMBARRIER_CMD_QUERY"},
    {1, "MEMBARRIER_CMD_GLOBAL"},
    {2, "MEMBARRIER_CMD_GLOBAL_EXPEDITED"},
    {4, "MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED"},
    {8, "MEMBARRIER_CMD_PRIVATE_EXPEDITED"},
    {16, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED"},
    {32, "MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE"},
    {64, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE"},
    {128, "MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ"},
    {256, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ"}};
inline constexpr NameTable kMembarrierCommands{kMembarrierCommandRows, "MEMBARRIER_CMD_???"};
/// The set that MEMBARRIER_CMD_QUERY, whose value is 0, gives of the others.
inline constexpr NameTable kMembarrierSet{std::span(kMembarrierCommandRows).subspan(1),
                                          "MEMBARRIER_CMD_???"};

// --- System V IPC, POSIX queues ------------------------------------------------------------------
inline constexpr NamedValue kIpcFlagRows[] = {
    {01000, "IPC_CREAT"}, {02000, "IPC_EXCL"}, {04000, "IPC_NOWAIT"}};
inline constexpr NameTable kIpcFlags{kIpcFlagRows, "IPC_???"};
inline constexpr NamedValue kShmFlagRows[] = {
    {01000, "IPC_CREAT"}, {02000, "IPC_EXCL"}, {04000, "SHM_HUGETLB"}, {010000, "SHM_NORESERVE"}};
inline constexpr NameTable kShmFlags{kShmFlagRows, "SHM_???"};
inline constexpr NamedValue kShmatRows[] = {
    {010000, "SHM_RDONLY"}, {020000, "SHM_RND"}, {040000, "SHM_REMAP"}, {0100000, "SHM_EXEC"}};
inline constexpr NameTable kShmatFlags{kShmatRows, "SHM_???"};
inline constexpr NamedValue kMessageRows[] = {
    {010000, "MSG_NOERROR"}, {020000, "MSG_EXCEPT"}, {040000, "MSG_COPY"}, {04000, "IPC_NOWAIT"}};
inline constexpr NameTable kMessageFlags{kMessageRows, "MSG_???"};
inline constexpr NamedValue kSemopRows[] = {{010000, "SEM_UNDO"}, {04000, "IPC_NOWAIT"}};
inline constexpr NameTable kSemopFlags{kSemopRows, "SEM_???"};
inline constexpr NamedValue kMsgctlRows[] = {
    {0, "IPC_RMID"},  {1, "IPC_SET"},   {2, "IPC_STAT"},     {3, "IPC_INFO"},
    {11, "MSG_STAT"}, {12, "MSG_INFO"}, {13, "MSG_STAT_ANY"}};
inline constexpr NameTable kMsgctlCommands{kMsgctlRows, "MSG_???"};
inline constexpr NamedValue kShmctlRows[] = {
    {0, "IPC_RMID"},    {1, "IPC_SET"},   {2, "IPC_STAT"},  {3, "IPC_INFO"},     {11, "SHM_LOCK"},
    {12, "SHM_UNLOCK"}, {13, "SHM_STAT"}, {14, "SHM_INFO"}, {15, "SHM_STAT_ANY"}};
inline constexpr NameTable kShmctlCommands{kShmctlRows, "SHM_???"};
inline constexpr NamedValue kSemctlRows[] = {
    {0, "IPC_RMID"}, {1, "IPC_SET"},   {2, "IPC_STAT"},  {3, "IPC_INFO"},     {11, "GETPID"},
    {12, "GETVAL"},  {13, "GETALL"},   {14, "GETNCNT"},  {15, "GETZCNT"},     {16, "SETVAL"},
    {17, "SETALL"},  {18, "SEM_STAT"}, {19, "SEM_INFO"}, {20, "SEM_STAT_ANY"}};
inline constexpr NameTable kSemctlCommands{kSemctlRows, "SEM_???"};
inline constexpr NamedValue kIpcCallRows[] = {{1, "SEMOP"},      {2, "SEMGET"},  {3, "SEMCTL"},
                                              {4, "SEMTIMEDOP"}, {11, "MSGSND"}, {12, "MSGRCV"},
                                              {13, "MSGGET"},    {14, "MSGCTL"}, {21, "SHMAT"},
                                              {22, "SHMDT"},     {23, "SHMGET"}, {24, "SHMCTL"}};
inline constexpr NameTable kIpcCalls{kIpcCallRows, "IPC_???"};

}  // namespace ferry::linux::abi
