// What the kernel's headers say of the requests of abi/i386/ioctls.inc, the options of
// socket_options.inc, and the structures of these and of device_layouts.hpp. It is
// compiled for i386, without being linked or run (the section .probe is cut out of the object
// file), and for the host, as a part of ioctl_layout_test.
#include <asm/ioctls.h>
#include <asm/socket.h>
#include <asm/sockios.h>
#include <asm/termbits.h>
#include <drm/drm.h>
#include <drm/vgem_drm.h>
#include <linux/blkpg.h>
#include <linux/blkzoned.h>
#include <linux/cdrom.h>
#include <linux/dma-buf.h>
#include <linux/fb.h>
#include <linux/fiemap.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/hdreg.h>
#include <linux/hidraw.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_bonding.h>
#include <linux/if_tun.h>
#include <linux/if_vlan.h>
#include <linux/in.h>
#include <linux/joystick.h>
#include <linux/kd.h>
#include <linux/loop.h>
#include <linux/msdos_fs.h>
#include <linux/random.h>
#include <linux/route.h>
#include <linux/rtc.h>
#include <linux/serial.h>
#include <linux/sockios.h>
#include <linux/tiocl.h>
#include <linux/uinput.h>
#include <linux/vt.h>
#include <linux/watchdog.h>
#include <scsi/sg.h>
#include <sound/asound.h>
#include <stddef.h>

#include "ioctl_probe.h"

// Structures that the headers above do not name.
struct two_longs {
  long seconds, parts;
};
struct two_entries {
  struct __fat_dirent entry[2];
};
struct group_filter_head {
  char bytes[GROUP_FILTER_SIZE(0)];
};
struct one_word {
  unsigned long word;
};

#ifdef __cplusplus
extern const struct Probed kProbed[] = {
#else
__attribute__((section(".probe"))) const struct Probed kProbed[] = {
#endif
#define STRUCTURE(NAME, TYPE, ...) {#NAME, 0, sizeof(TYPE), {__VA_ARGS__}},
#define M(TYPE, MEMBER) {offsetof(TYPE, MEMBER), sizeof(((TYPE*)0)->MEMBER)}
#define AT(OFFSET, SIZE) {OFFSET, SIZE}
#include "ioctl_structures.inc"
#undef STRUCTURE
#define IOCTL_CODED(TEXT, NAME, DIRECTION, TYPE, NUMBER, GUEST_SIZE, HOST_SIZE, HOW, LAYOUT) \
  {TEXT, (uint32_t)(NAME), 0, {{0, 0}}},
#define IOCTL_OLD(NAME, GUEST, HOST, HOW, LAYOUT) {#NAME, (uint32_t)(NAME), 0, {{0, 0}}},
#define IOCTL_RANGE(NAME, DIRECTION, TYPE, FIRST, LAST, HOW)
#include "linux/abi/i386/ioctls.inc"
#define SOCKET_OPTION(NUMBER, NAME) {#NAME, NAME, 0, {{0, 0}}},
#include "linux/abi/i386/socket_options.inc"
    {"", 0, 0, {{0, 0}}}};
