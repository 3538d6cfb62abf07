// A watchdog, the pool of random numbers, and the machine's clock if its kernel has one (6.1 has no driver for that of
// loongson-3, which came with 6.5).
//EXPECT: watchdog: 0 Software Watchdog
#include "device.h"
#include <linux/random.h>
#include <linux/rtc.h>
#include <linux/watchdog.h>

static void clock(void) {
  int rtc = open("/dev/rtc0", O_RDWR);
  if (rtc < 0) {
    printf("no clock: %s\n", strerrorname_np(errno));
    return;
  }
  struct rtc_time time = {0}, again = {0};
  printf("time: %s", said(ioctl(rtc, RTC_RD_TIME, &time)));
  printf(" year %d\n", time.tm_year > 120 && time.tm_year < 300);
  struct rtc_wkalrm alarm = {.enabled = 0, .time = time};
  printf("set: %s", said(ioctl(rtc, RTC_SET_TIME, &time)));
  ioctl(rtc, RTC_RD_TIME, &again);
  printf(" %d\n", again.tm_hour == time.tm_hour && again.tm_mday == time.tm_mday);
  alarm.time.tm_hour = (time.tm_hour + 1) % 24;
  printf("alarm: %s", said(ioctl(rtc, RTC_WKALM_SET, &alarm)));
  memset(&alarm.time, 0, sizeof alarm.time);
  printf(" %s", said(ioctl(rtc, RTC_WKALM_RD, &alarm)));
  printf(" %d\n", alarm.time.tm_hour == (time.tm_hour + 1) % 24);
  unsigned long rate = 77;
  printf("rate: %s", said(ioctl(rtc, RTC_IRQP_READ, &rate)));
  printf(" %lu set %s", rate, said(ioctl(rtc, RTC_IRQP_SET, 64L)));
  printf(" %s", said(ioctl(rtc, RTC_IRQP_READ, &rate)));
  printf(" %lu wrong %s\n", rate, said(ioctl(rtc, RTC_IRQP_SET, 3L)));
  struct rtc_pll_info pll;
  printf("pll: %s", said(ioctl(rtc, RTC_PLL_GET, &pll)));
  printf(" epoch: %s\n", said(ioctl(rtc, RTC_EPOCH_READ, &rate)));
  printf("updates: %s", said(ioctl(rtc, RTC_UIE_ON)));
  printf(" %s\n", said(ioctl(rtc, RTC_UIE_OFF)));
  struct rtc_param parameter = {.param = RTC_PARAM_FEATURES};
  printf("parameter: %s", said(ioctl(rtc, RTC_PARAM_GET, &parameter)));
  printf(" %llu nowhere %s\n", (unsigned long long)parameter.uvalue, said(ioctl(rtc, RTC_RD_TIME, (void *)16)));
  close(rtc);
}

static void watchdog(void) {
  int dog = device("/dev/watchdog", O_RDWR);
  struct watchdog_info info;
  printf("watchdog: %s", said(ioctl(dog, WDIOC_GETSUPPORT, &info)));
  printf(" %s options %x\n", info.identity, info.options);
  int seconds = 30, left = 0, on = WDIOS_DISABLECARD;
  printf("timeout: %s", said(ioctl(dog, WDIOC_SETTIMEOUT, &seconds)));
  printf(" %d", seconds);
  seconds = 0;
  ioctl(dog, WDIOC_GETTIMEOUT, &seconds);
  printf(" %d keep alive %s", seconds, said(ioctl(dog, WDIOC_KEEPALIVE, 0)));
  printf(" left %s", said(ioctl(dog, WDIOC_GETTIMELEFT, &left)));
  printf(" %d", left > 20);
  printf(" status %s", said(ioctl(dog, WDIOC_GETSTATUS, &left)));
  printf(" off %s\n", said(ioctl(dog, WDIOC_SETOPTIONS, &on)));
  seconds = -1;
  printf("wrong: %s\n", said(ioctl(dog, WDIOC_SETTIMEOUT, &seconds)));
  write(dog, "V", 1);
  close(dog);
}

static void random_numbers(void) {
  int pool = device("/dev/random", O_RDWR), count = -1;
  printf("random: %s", said(ioctl(pool, RNDGETENTCNT, &count)));
  printf(" %d", count >= 0 && count <= 4096);
  struct {
    struct rand_pool_info info;
    char bytes[16];
  } added = {{64, 16}, "sixteen letters"};
  printf(" add %s", said(ioctl(pool, RNDADDENTROPY, &added)));
  added.info.entropy_count = -1;
  printf(" wrong %s", said(ioctl(pool, RNDADDENTROPY, &added)));
  count = 8;
  printf(" %s nowhere %s\n", said(ioctl(pool, RNDADDTOENTCNT, &count)), said(ioctl(pool, RNDADDENTROPY, (void *)16)));
}

int main(void) {
  clock();
  watchdog();
  random_numbers();
  return 0;
}
