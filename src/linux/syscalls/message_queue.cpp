// POSIX message queues (ipc/mqueue.c). Their descriptors are ordinary ones.
#include <mqueue.h>
#include <signal.h>

#include <cstddef>

#include "linux/abi/i386/ipc_types.hpp"
#include "linux/kernel/signal_map.hpp"
#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/convert.hpp"
#include "linux/syscalls/handlers.hpp"

namespace ferry::linux {

namespace {

constexpr uint32_t kNonBlock = 04000;  // O_NONBLOCK, the only flag that a queue has

/// A queue's name, which has no slash in system calls. There is one before it all the same: below
/// qemu-user, which gives its libc the name from the byte before on.
struct QueueName {
  char text[1 + 4096];

  [[nodiscard]] Errno load(uint32_t guest) {
    text[0] = '/';
    const Result<uint32_t> length = copy_in_string(guest, text + 1, sizeof text - 1);
    return length.ok() ? kOk : length.error();
  }
  [[nodiscard]] const char* pointer() const { return text + 1; }
};

/// get_compat_mq_attr. False for EFAULT.
bool copy_in_attributes(uint32_t guest, struct mq_attr& host) {
  abi::MqAttr attributes;
  if (!copy_in(guest, attributes)) return false;
  const auto flags = static_cast<uint32_t>(attributes.flags);
  host.mq_flags = (flags & kNonBlock) != 0 ? O_NONBLOCK : 0;
  // Any other flag is EINVAL on the host too.
  if ((flags & ~kNonBlock) != 0) host.mq_flags = -1;
  host.mq_maxmsg = attributes.most_messages;
  host.mq_msgsize = attributes.message_size;
  host.mq_curmsgs = attributes.messages;
  return true;
}

/// put_compat_mq_attr. False for EFAULT.
bool copy_out_attributes(Thread& t, uint32_t guest, const struct mq_attr& host) {
  abi::MqAttr attributes{};
  attributes.flags = (host.mq_flags & O_NONBLOCK) != 0 ? static_cast<int32_t>(kNonBlock) : 0;
  attributes.most_messages = static_cast<int32_t>(host.mq_maxmsg);
  attributes.message_size = static_cast<int32_t>(host.mq_msgsize);
  attributes.messages = static_cast<int32_t>(host.mq_curmsgs);
  return copy_out(t, guest, attributes);
}

/// The time at which a call gives up, or none.
struct Deadline {
  struct timespec time;
  bool given;

  /// False for EFAULT.
  [[nodiscard]] bool load(uint32_t guest, TimeWidth width) {
    given = guest != 0;
    return !given || copy_in_time(guest, width, time);
  }
  [[nodiscard]] struct timespec* pointer() { return given ? &time : nullptr; }
};

/// A message in the guest's memory.
struct GuestMessage {
  uint32_t text, length;
};

CallResult send_message(Thread& t, int fd, GuestMessage message, uint32_t priority,
                        uint32_t timeout, TimeWidth width) {
  Deadline deadline;
  if (!deadline.load(timeout, width)) return abi::kEFAULT;
  const GuestBuffer text = readable(t, message.text, message.length);
  return blocking_call(t, SYS_mq_timedsend, fd, text.pointer(), message.length, priority,
                       deadline.pointer());
}

CallResult receive_message(Thread& t, int fd, GuestMessage message, uint32_t priority_pointer,
                           uint32_t timeout, TimeWidth width) {
  Deadline deadline;
  if (!deadline.load(timeout, width)) return abi::kEFAULT;
  uint32_t priority = 0;
  const GuestBuffer text = writable(t, message.text, message.length);
  const CallResult result = blocking_call(t, SYS_mq_timedreceive, fd, text.pointer(),
                                          message.length, &priority, deadline.pointer());
  // The message is lost then, as on i386.
  if (result.ok() && priority_pointer != 0 && !copy_out(t, priority_pointer, priority))
    return abi::kEFAULT;
  return result;
}

}  // namespace

NewFd sys_mq_open(Thread&, GuestString name, Flags flags, FileMode mode, GuestPointer attributes) {
  constexpr uint32_t kCreate = 0100;
  struct mq_attr host {};
  const bool given = attributes != 0 && (flags & kCreate) != 0;
  if (given && !copy_in_attributes(attributes, host)) return abi::kEFAULT;
  QueueName queue;
  if (const Errno error = queue.load(name); error != kOk) return error;
  return guest_result(host_call(SYS_mq_open, queue.pointer(), open_flags_to_host(flags), mode,
                                given ? &host : nullptr));
}

CallResult sys_mq_unlink(Thread&, GuestString name) {
  QueueName queue;
  if (const Errno error = queue.load(name); error != kOk) return error;
  return guest_result(host_call(SYS_mq_unlink, queue.pointer()));
}

CallResult sys_mq_timedsend(Thread& t, Fd fd, GuestPointer message, uint32_t length,
                            uint32_t priority, GuestPointer timeout) {
  return send_message(t, fd, {message, length}, priority, timeout, TimeWidth::time32);
}
CallResult sys_mq_timedsend_time64(Thread& t, Fd fd, GuestPointer message, uint32_t length,
                                   uint32_t priority, GuestPointer timeout) {
  return send_message(t, fd, {message, length}, priority, timeout, TimeWidth::time64);
}
CallResult sys_mq_timedreceive(Thread& t, Fd fd, GuestPointer message, uint32_t length,
                               GuestPointer priority, GuestPointer timeout) {
  return receive_message(t, fd, {message, length}, priority, timeout, TimeWidth::time32);
}
CallResult sys_mq_timedreceive_time64(Thread& t, Fd fd, GuestPointer message, uint32_t length,
                                      GuestPointer priority, GuestPointer timeout) {
  return receive_message(t, fd, {message, length}, priority, timeout, TimeWidth::time64);
}

CallResult sys_mq_notify(Thread& t, Fd fd, GuestPointer notification) {
  constexpr uint32_t kCookieBytes = 32;  // NOTIFY_COOKIE_LEN
  if (notification == 0) return guest_result(host_call(SYS_mq_notify, fd, nullptr));
  abi::SigEvent guest;
  // As much as get_compat_sigevent reads.
  if (!copy_in_bytes(notification, &guest, offsetof(abi::SigEvent, pad))) return abi::kEFAULT;
  struct sigevent event {};
  event.sigev_value.sival_ptr = reinterpret_cast<void*>(static_cast<uintptr_t>(guest.value));
  event.sigev_notify = guest.notify;
  event.sigev_signo = guest.signo;
  if (guest.notify == SIGEV_SIGNAL && guest.signo != 0) {
    // Hosts may have more signals. 0 is valid, and sends nothing.
    const int signal = signal_to_host(guest.signo);
    event.sigev_signo = signal != 0 ? signal : -1;
  }
  if (guest.notify != SIGEV_THREAD) return guest_result(host_call(SYS_mq_notify, fd, &event));
  // The "signal" is a netlink socket, to which the kernel sends the cookie at the value.
  if (t.process->descriptor_hidden(guest.signo)) event.sigev_signo = -1;
  const GuestBuffer cookie = readable(t, guest.value, kCookieBytes);
  event.sigev_value.sival_ptr = cookie.pointer();
  return guest_result(host_call(SYS_mq_notify, fd, &event));
}

CallResult sys_mq_getsetattr(Thread& t, Fd fd, GuestPointer new_pointer, GuestPointer old_pointer) {
  struct mq_attr wanted {};
  struct mq_attr old {};
  if (new_pointer != 0 && !copy_in_attributes(new_pointer, wanted)) return abi::kEFAULT;
  const long result = host_call(SYS_mq_getsetattr, fd, new_pointer != 0 ? &wanted : nullptr, &old);
  if (result < 0 || old_pointer == 0) return guest_result(result);
  return copy_out_attributes(t, old_pointer, old) ? kOk : abi::kEFAULT;
}

}  // namespace ferry::linux
