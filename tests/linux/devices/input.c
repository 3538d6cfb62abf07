// A keyboard: what it can do, and events, whose times are longs.
//EXPECT: name: QEMU Virtio Keyboard
//EXPECT: event 17 1 1 time 1
//EXPECT: event 0 0 0 time 1
#include "device.h"
#include <linux/input.h>
#include <poll.h>
#include <sys/time.h>
#include <time.h>

/// The first input device with keys and lights.
static int keyboard(void) {
  for (int i = 0; i < 8; ++i) {
    char path[32];
    unsigned char types[8] = {0};
    snprintf(path, sizeof path, "/dev/input/event%d", i);
    int fd = open(path, O_RDWR | O_NONBLOCK);
    if (fd < 0) continue;
    if (ioctl(fd, EVIOCGBIT(0, sizeof types), types) > 0 && (types[0] & 1 << EV_KEY) && (types[2] & 2)) return fd;
    close(fd);
  }
  printf("no keyboard\n");
  exit(1);
}

static void bits(int fd) {
  unsigned char types[8] = {0}, keys[96] = {0}, lights[8] = {0};
  printf("types: %d", ioctl(fd, EVIOCGBIT(0, 4), types) > 0);
  printf(" %02x%02x%02x\n", types[0], types[1], types[2]);
  printf("keys: %s", said(ioctl(fd, EVIOCGBIT(EV_KEY, sizeof keys), keys)));
  printf(" %d\n", keys[KEY_A / 8] >> KEY_A % 8 & 1);
  // The length that the kernel gives is rounded up to a word, whose width is the program's.
  printf("lights: %d", ioctl(fd, EVIOCGBIT(EV_LED, sizeof lights), lights) == sizeof(long));
  printf(" %02x%02x", lights[0], lights[1]);
  printf(" short %s", said(ioctl(fd, EVIOCGBIT(EV_LED, 2), lights)));
  printf(" none %s\n", said(ioctl(fd, EVIOCGBIT(EV_FF_STATUS, 8), lights)));
  printf("state: %d", ioctl(fd, EVIOCGLED(sizeof lights), lights) == sizeof(long));
  printf(" %d", ioctl(fd, EVIOCGSW(sizeof lights), lights) == sizeof(long));
  memset(keys, 0xff, sizeof keys);
  printf(" %s", said(ioctl(fd, EVIOCGKEY(sizeof keys), keys)));
  printf(" %d\n", keys[0]);
}

static void show(const struct input_event *event) {
  struct timeval now;
  gettimeofday(&now, NULL);
  long age = now.tv_sec - event->time.tv_sec;
  printf("event %d %d %d time %d\n", event->type, event->code, event->value,
         age >= 0 && age < 60 && event->time.tv_usec >= 0 && event->time.tv_usec < 1000000);
}

static void events(int fd) {
  struct input_event out[2] = {{.type = EV_LED, .code = LED_CAPSL, .value = 1}, {.type = EV_SYN}}, in[4];
  int other = keyboard();
  printf("write: %d", (int)(write(fd, out, sizeof out) / sizeof out[0]));
  struct pollfd wait = {other, POLLIN};
  printf(" poll %d", poll(&wait, 1, 5000));
  ssize_t got = read(other, in, sizeof in);
  printf(" read %d\n", (int)(got / (ssize_t)sizeof in[0]));
  for (ssize_t i = 0; i < got / (ssize_t)sizeof in[0]; ++i) show(&in[i]);
  printf("nothing: %s", said(read(other, in, sizeof in)));
  printf(" too short: %s\n", said(read(other, in, 7)));
  printf("nowhere: %s", said(write(fd, (void *)16, sizeof out)));
  write(fd, out, sizeof out);
  out[0].value = 0;
  write(fd, out, sizeof out);
  poll(&wait, 1, 5000);
  printf(" %s\n", said(read(other, (void *)16, sizeof in)));
  close(other);
}

int main(void) {
  int fd = keyboard(), version = 0;
  char name[64] = "", place[4] = "xyz";
  struct input_id id;
  unsigned repeat[2] = {0};
  ioctl(fd, EVIOCGVERSION, &version);
  printf("version: %x", version);
  printf(" id: %s", said(ioctl(fd, EVIOCGID, &id)));
  printf(" %x\nname: ", id.bustype);
  ioctl(fd, EVIOCGNAME(sizeof name), name);
  printf("%s\n", name);
  printf("part: %s", said(ioctl(fd, EVIOCGNAME(3), place)));
  printf(" %.4s repeat: %s", place, said(ioctl(fd, EVIOCGREP, repeat)));
  printf(" %u %u\n", repeat[0], repeat[1]);
  bits(fd);
  struct input_keymap_entry entry = {.len = 4, .scancode = {30}};
  printf("keymap: %s", said(ioctl(fd, EVIOCGKEYCODE_V2, &entry)));
  printf(" clock: %s", said(ioctl(fd, EVIOCSCLOCKID, &(int){CLOCK_REALTIME})));
  printf(" wrong %s", said(ioctl(fd, EVIOCSCLOCKID, &(int){77})));
  unsigned char mask[96] = {0};
  struct input_mask masked = {EV_KEY, sizeof mask, (uintptr_t)mask};
  printf(" mask: %s", said(ioctl(fd, EVIOCGMASK, &masked)));
  printf(" %02x grab: %s ", mask[0], said(ioctl(fd, EVIOCGRAB, 1L)));
  printf("%s\n", said(ioctl(fd, EVIOCGRAB, 0L)));
  struct ff_effect effect = {.type = FF_PERIODIC, .id = -1};
  printf("effect: %s", said(ioctl(fd, EVIOCSFF, &effect)));
  printf(" effects: %s\n", said(ioctl(fd, EVIOCGEFFECTS, &version)));
  events(fd);
  return 0;
}
