// A sound card that plays what it records (snd-aloop): controls, streams, timers. Structures of sound have longs, and pointers
// to samples, everywhere.
//EXPECT: card: 0 Loopback
//EXPECT: heard 1
//EXPECT: ticks 1
#include "device.h"
#include <poll.h>
#include <sound/asound.h>

static void controls(void) {
  int card = device("/dev/snd/controlC0", O_RDWR), version = 0;
  struct snd_ctl_card_info info;
  ioctl(card, SNDRV_CTL_IOCTL_PVERSION, &version);
  printf("card: %s", said(ioctl(card, SNDRV_CTL_IOCTL_CARD_INFO, &info)));
  printf(" %s version %d\n", info.id, version >> 16);
  struct snd_ctl_elem_id ids[64];
  struct snd_ctl_elem_list list = {.space = 64, .pids = ids};
  printf("list: %s", said(ioctl(card, SNDRV_CTL_IOCTL_ELEM_LIST, &list)));
  printf(" %u of %u\n", list.used, list.count);
  for (unsigned i = 0; i < list.used && i < 6; ++i) {
    struct snd_ctl_elem_info element = {.id = ids[i]};
    struct snd_ctl_elem_value value = {.id = ids[i]};
    printf("%s: %s", ids[i].name, said(ioctl(card, SNDRV_CTL_IOCTL_ELEM_INFO, &element)));
    printf(" type %d", element.type);
    if (element.type == SNDRV_CTL_ELEM_TYPE_INTEGER || element.type == SNDRV_CTL_ELEM_TYPE_BOOLEAN)
      printf(" %ld..%ld step %ld", element.value.integer.min, element.value.integer.max, element.value.integer.step);
    printf(" %s", said(ioctl(card, SNDRV_CTL_IOCTL_ELEM_READ, &value)));
    printf(" %ld", value.value.integer.value[0] & 0xffffffff);
    printf(" write %s\n", said(ioctl(card, SNDRV_CTL_IOCTL_ELEM_WRITE, &value)));
  }
  // Controls of our own, one of each kind.
  struct snd_ctl_elem_info made = {.id = {.iface = SNDRV_CTL_ELEM_IFACE_MIXER, .name = "Own Volume"}, .count = 2,
                                   .type = SNDRV_CTL_ELEM_TYPE_INTEGER, .access = SNDRV_CTL_ELEM_ACCESS_READWRITE,
                                   .value.integer = {-5, 77, 1}};
  printf("add: %s", said(ioctl(card, SNDRV_CTL_IOCTL_ELEM_ADD, &made)));
  struct snd_ctl_elem_value value = {.id = made.id, .value.integer.value = {-3, 42}};
  printf(" write %s", said(ioctl(card, SNDRV_CTL_IOCTL_ELEM_WRITE, &value)));
  memset(&value.value, 0, sizeof value.value);
  printf(" read %s", said(ioctl(card, SNDRV_CTL_IOCTL_ELEM_READ, &value)));
  printf(" %ld %ld", value.value.integer.value[0], value.value.integer.value[1]);
  memset(&made.value, 0, sizeof made.value);
  ioctl(card, SNDRV_CTL_IOCTL_ELEM_INFO, &made);
  printf(" range %ld %ld\n", made.value.integer.min, made.value.integer.max);
  static const char names[] = "one\0two\0three";
  struct snd_ctl_elem_info list_made = {.id = {.iface = SNDRV_CTL_ELEM_IFACE_MIXER, .name = "Own Choice"}, .count = 1,
                                        .type = SNDRV_CTL_ELEM_TYPE_ENUMERATED, .access = SNDRV_CTL_ELEM_ACCESS_READWRITE};
  list_made.value.enumerated.items = 3;
  list_made.value.enumerated.names_ptr = (uintptr_t)names;
  list_made.value.enumerated.names_length = sizeof names;
  printf("choice: %s", said(ioctl(card, SNDRV_CTL_IOCTL_ELEM_ADD, &list_made)));
  list_made.value.enumerated.item = 2;
  ioctl(card, SNDRV_CTL_IOCTL_ELEM_INFO, &list_made);
  printf(" %s", list_made.value.enumerated.name);
  struct snd_ctl_elem_info wide = {.id = {.iface = SNDRV_CTL_ELEM_IFACE_MIXER, .name = "Own Wide"}, .count = 1,
                                   .type = SNDRV_CTL_ELEM_TYPE_INTEGER64, .access = SNDRV_CTL_ELEM_ACCESS_READWRITE,
                                   .value.integer64 = {0, 1ll << 40, 1}};
  printf(" wide: %s", said(ioctl(card, SNDRV_CTL_IOCTL_ELEM_ADD, &wide)));
  struct snd_ctl_elem_value far = {.id = wide.id, .value.integer64.value = {5ll << 32}};
  printf(" %s", said(ioctl(card, SNDRV_CTL_IOCTL_ELEM_WRITE, &far)));
  memset(&far.value, 0, sizeof far.value);
  ioctl(card, SNDRV_CTL_IOCTL_ELEM_READ, &far);
  printf(" %d", (int)(far.value.integer64.value[0] >> 32));
  struct snd_ctl_elem_id *const own[] = {&made.id, &list_made.id, &wide.id};
  for (int i = 0; i < 3; ++i) printf(" remove %s", said(ioctl(card, SNDRV_CTL_IOCTL_ELEM_REMOVE, own[i])));
  printf("\n");
  int number = -1;
  printf("devices: %s", said(ioctl(card, SNDRV_CTL_IOCTL_PCM_NEXT_DEVICE, &number)));
  struct snd_pcm_info pcm = {.device = 1, .stream = SNDRV_PCM_STREAM_CAPTURE};
  printf(" %d %s", number, said(ioctl(card, SNDRV_CTL_IOCTL_PCM_INFO, &pcm)));
  printf(" %s %u\n", pcm.id, pcm.subdevices_count);
  close(card);
}

static struct snd_interval *interval(struct snd_pcm_hw_params *params, int which) {
  return &params->intervals[which - SNDRV_PCM_HW_PARAM_FIRST_INTERVAL];
}
static void only(struct snd_pcm_hw_params *params, int which, unsigned value) {
  *interval(params, which) = (struct snd_interval){.min = value, .max = value, .integer = 1};
}

enum { kRate = 48000, kPeriod = 1024, kBuffer = 4096 };

static int stream(const char *path, unsigned access) {
  int fd = device(path, O_RDWR);
  struct snd_pcm_hw_params hardware;
  memset(&hardware, 0xff, sizeof hardware);
  hardware.flags = hardware.cmask = hardware.info = 0;
  hardware.fifo_size = 0;
  for (unsigned i = 0; i < 12; ++i) hardware.intervals[i] = (struct snd_interval){0, ~0u};
  printf("refine: %s", said(ioctl(fd, SNDRV_PCM_IOCTL_HW_REFINE, &hardware)));
  printf(" rates %u to %u", interval(&hardware, SNDRV_PCM_HW_PARAM_RATE)->min, interval(&hardware, SNDRV_PCM_HW_PARAM_RATE)->max);
  memset(hardware.masks, 0, sizeof hardware.masks);
  hardware.masks[SNDRV_PCM_HW_PARAM_ACCESS].bits[0] = 1u << access;
  hardware.masks[SNDRV_PCM_HW_PARAM_FORMAT].bits[0] = 1u << (int)SNDRV_PCM_FORMAT_S16_LE;
  hardware.masks[SNDRV_PCM_HW_PARAM_SUBFORMAT].bits[0] = 1;
  for (unsigned i = 0; i < 12; ++i) hardware.intervals[i] = (struct snd_interval){0, ~0u};
  only(&hardware, SNDRV_PCM_HW_PARAM_CHANNELS, 2);
  only(&hardware, SNDRV_PCM_HW_PARAM_RATE, kRate);
  only(&hardware, SNDRV_PCM_HW_PARAM_PERIOD_SIZE, kPeriod);
  only(&hardware, SNDRV_PCM_HW_PARAM_BUFFER_SIZE, kBuffer);
  hardware.rmask = ~0u;
  printf(" params: %s", said(ioctl(fd, SNDRV_PCM_IOCTL_HW_PARAMS, &hardware)));
  printf(" fifo %lu bits %u\n", hardware.fifo_size, hardware.msbits);
  struct snd_pcm_sw_params software = {.period_step = 1, .avail_min = 1, .start_threshold = kBuffer, .stop_threshold = 3 * kBuffer};
  printf("settings: %s", said(ioctl(fd, SNDRV_PCM_IOCTL_SW_PARAMS, &software)));
  printf(" boundary %d", software.boundary % kBuffer == 0 && software.boundary > (unsigned long)(-1L) >> 3);
  // "Never" is the boundary.
  software.stop_threshold = software.silence_size = software.boundary;
  printf(" never %s", said(ioctl(fd, SNDRV_PCM_IOCTL_SW_PARAMS, &software)));
  printf(" prepare %s\n", said(ioctl(fd, SNDRV_PCM_IOCTL_PREPARE)));
  return fd;
}

static void show_state(const char *name, int fd) {
  struct snd_pcm_status status = {0};
  struct snd_pcm_sync_ptr pointers = {.flags = SNDRV_PCM_SYNC_PTR_APPL | SNDRV_PCM_SYNC_PTR_AVAIL_MIN};
  snd_pcm_sframes_t delay = -1;
  printf("%s: %s", name, said(ioctl(fd, SNDRV_PCM_IOCTL_STATUS, &status)));
  printf(" state %d used %lu", status.state, status.appl_ptr);
  printf(" pointers %s", said(ioctl(fd, SNDRV_PCM_IOCTL_SYNC_PTR, &pointers)));
  printf(" %d %lu %lu", pointers.s.status.state, pointers.c.control.appl_ptr, pointers.c.control.avail_min);
  printf(" delay %s", said(ioctl(fd, SNDRV_PCM_IOCTL_DELAY, &delay)));
  printf(" %d\n", delay >= -kBuffer && delay <= 2 * kBuffer);
}

/// Whether what was recorded goes on as what was played.
static int heard(const short *samples, unsigned count) {
  for (unsigned i = 0; i + 200 < count; ++i) {
    if (samples[2 * i] == 0) continue;
    for (unsigned k = 1; k < 200; ++k) {
      if (samples[2 * (i + k)] != samples[2 * i] + (int)k || samples[2 * (i + k) + 1] != -samples[2 * (i + k)]) return 0;
    }
    return 1;
  }
  return 0;
}

static void play(void) {
  int in = stream("/dev/snd/pcmC0D1c", SNDRV_PCM_ACCESS_RW_INTERLEAVED);
  int out = stream("/dev/snd/pcmC0D0p", SNDRV_PCM_ACCESS_RW_INTERLEAVED);
  static short samples[2 * kBuffer], recorded[4 * kBuffer];
  for (int i = 0; i < kBuffer; ++i) {
    samples[2 * i] = (short)(i + 1);
    samples[2 * i + 1] = (short)(-i - 1);
  }
  struct snd_pcm_channel_info channel = {.channel = 1};
  printf("channel: %s", said(ioctl(out, SNDRV_PCM_IOCTL_CHANNEL_INFO, &channel)));
  printf(" %ld %u %u\n", (long)channel.offset, channel.first, channel.step);
  show_state("before", out);
  printf("start: %s\n", said(ioctl(in, SNDRV_PCM_IOCTL_START)));
  struct snd_xferi written = {.buf = samples, .frames = kBuffer}, read = {.buf = recorded, .frames = 2 * kBuffer};
  printf("write: %s", said(ioctl(out, SNDRV_PCM_IOCTL_WRITEI_FRAMES, &written)));
  printf(" %ld\n", written.result);
  show_state("playing", out);
  printf("read: %s", said(ioctl(in, SNDRV_PCM_IOCTL_READI_FRAMES, &read)));
  printf(" %ld heard %d\n", read.result, heard(recorded, 2 * kBuffer));
  read.buf = (void *)16;
  read.frames = 64;
  printf("nowhere: %s", said(ioctl(in, SNDRV_PCM_IOCTL_READI_FRAMES, &read)));
  printf(" structure %s\n", said(ioctl(in, SNDRV_PCM_IOCTL_READI_FRAMES, (void *)16)));
  printf("pause: %s", said(ioctl(out, SNDRV_PCM_IOCTL_PAUSE, 1L)));
  printf(" drop: %s", said(ioctl(out, SNDRV_PCM_IOCTL_DROP)));
  printf(" %s\n", said(ioctl(in, SNDRV_PCM_IOCTL_DROP)));
  ioctl(out, SNDRV_PCM_IOCTL_PREPARE);
  written.frames = 512;
  ioctl(out, SNDRV_PCM_IOCTL_WRITEI_FRAMES, &written);
  snd_pcm_uframes_t back = 100;
  printf("rewind: %s", said(ioctl(out, SNDRV_PCM_IOCTL_REWIND, &back)));
  printf(" %lu forward: %s", back, said(ioctl(out, SNDRV_PCM_IOCTL_FORWARD, &back)));
  printf(" %lu\n", back);
  show_state("rewound", out);
  close(out);
  close(in);
  out = stream("/dev/snd/pcmC0D0p", SNDRV_PCM_ACCESS_RW_NONINTERLEAVED);
  void *channels[] = {samples, recorded};
  struct snd_xfern apart = {.bufs = channels, .frames = kPeriod};
  printf("by channel: %s", said(ioctl(out, SNDRV_PCM_IOCTL_WRITEN_FRAMES, &apart)));
  printf(" %ld\n", apart.result);
  close(out);
}

static void timer(void) {
  int fd = device("/dev/snd/timer", O_RDWR), on = 1;
  struct snd_timer_id next = {.dev_class = -1};
  printf("timer: %s", said(ioctl(fd, SNDRV_TIMER_IOCTL_NEXT_DEVICE, &next)));
  printf(" %d %d\n", next.dev_class, next.device);
  struct snd_timer_ginfo general = {.tid = next};
  printf("general: %s", said(ioctl(fd, SNDRV_TIMER_IOCTL_GINFO, &general)));
  printf(" %s %s %d\n", general.id, general.name, general.resolution > 0);
  printf("events: %s", said(ioctl(fd, SNDRV_TIMER_IOCTL_TREAD, &on)));
  struct snd_timer_select select = {.id = next};
  printf(" select %s", said(ioctl(fd, SNDRV_TIMER_IOCTL_SELECT, &select)));
  struct snd_timer_info info;
  printf(" info %s", said(ioctl(fd, SNDRV_TIMER_IOCTL_INFO, &info)));
  printf(" %s %d\n", info.id, info.resolution == general.resolution);
  struct snd_timer_params params = {.flags = SNDRV_TIMER_PSFLG_AUTO, .ticks = 5, .queue_size = 64,
                                    .filter = 1 << SNDRV_TIMER_EVENT_TICK};
  printf("params: %s", said(ioctl(fd, SNDRV_TIMER_IOCTL_PARAMS, &params)));
  printf(" start %s\n", said(ioctl(fd, SNDRV_TIMER_IOCTL_START)));
  struct snd_timer_tread events[4];
  ssize_t got = read(fd, events, sizeof events);
  int good = got > 0 && got % (ssize_t)sizeof events[0] == 0;
  for (ssize_t i = 0; i < got / (ssize_t)sizeof events[0]; ++i)
    good = good && events[i].event == SNDRV_TIMER_EVENT_TICK && events[i].val > 0 && events[i].tstamp.tv_nsec < 1000000000;
  struct snd_timer_status status;
  printf("ticks %d stop %s", good, said(ioctl(fd, SNDRV_TIMER_IOCTL_STOP)));
  printf(" status %s", said(ioctl(fd, SNDRV_TIMER_IOCTL_STATUS, &status)));
  printf(" %d\n", status.resolution == info.resolution);
  close(fd);
}

int main(void) {
  controls();
  play();
  timer();
  return 0;
}
