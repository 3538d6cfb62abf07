// Extended attributes.
#include "linux/syscalls/handlers.hpp"
#include "linux/syscalls/path_calls.hpp"

namespace ferry::linux {

namespace {

constexpr uint32_t kAttributeName = 256;  // XATTR_NAME_MAX and its NUL

CallResult set_attribute(Thread& t, GuestPath path, GuestString name, GuestPointer value,
                         uint32_t size, Flags flags, LastLink last_link, long number) {
  return plain_path_call(t, path, last_link, number, readable(t, name, kAttributeName).pointer(),
                         readable(t, value, size).pointer(), size, flags);
}
CallResult get_attribute(Thread& t, GuestPath path, GuestString name, GuestPointer value,
                         uint32_t size, LastLink last_link, long number) {
  return plain_path_call(t, path, last_link, number, readable(t, name, kAttributeName).pointer(),
                         writable(t, value, size).pointer(), size);
}
CallResult list_attributes(Thread& t, GuestPath path, GuestPointer list, uint32_t size,
                           LastLink last_link, long number) {
  return plain_path_call(t, path, last_link, number, writable(t, list, size).pointer(), size);
}

}  // namespace

CallResult sys_setxattr(Thread& t, GuestPath path, GuestString name, GuestPointer value,
                        uint32_t size, Flags flags) {
  return set_attribute(t, path, name, value, size, flags, LastLink::follow, SYS_setxattr);
}
CallResult sys_lsetxattr(Thread& t, GuestPath path, GuestString name, GuestPointer value,
                         uint32_t size, Flags flags) {
  return set_attribute(t, path, name, value, size, flags, LastLink::keep, SYS_lsetxattr);
}
CallResult sys_fsetxattr(Thread& t, Fd fd, GuestString name, GuestPointer value, uint32_t size,
                         Flags flags) {
  return guest_result(host_call(SYS_fsetxattr, fd, readable(t, name, kAttributeName).pointer(),
                                readable(t, value, size).pointer(), size, flags));
}
CallResult sys_getxattr(Thread& t, GuestPath path, GuestString name, GuestPointer value,
                        uint32_t size) {
  return get_attribute(t, path, name, value, size, LastLink::follow, SYS_getxattr);
}
CallResult sys_lgetxattr(Thread& t, GuestPath path, GuestString name, GuestPointer value,
                         uint32_t size) {
  return get_attribute(t, path, name, value, size, LastLink::keep, SYS_lgetxattr);
}
CallResult sys_fgetxattr(Thread& t, Fd fd, GuestString name, GuestPointer value, uint32_t size) {
  return guest_result(host_call(SYS_fgetxattr, fd, readable(t, name, kAttributeName).pointer(),
                                writable(t, value, size).pointer(), size));
}
CallResult sys_listxattr(Thread& t, GuestPath path, GuestPointer list, uint32_t size) {
  return list_attributes(t, path, list, size, LastLink::follow, SYS_listxattr);
}
CallResult sys_llistxattr(Thread& t, GuestPath path, GuestPointer list, uint32_t size) {
  return list_attributes(t, path, list, size, LastLink::keep, SYS_llistxattr);
}
CallResult sys_flistxattr(Thread& t, Fd fd, GuestPointer list, uint32_t size) {
  return guest_result(host_call(SYS_flistxattr, fd, writable(t, list, size).pointer(), size));
}
CallResult sys_removexattr(Thread& t, GuestPath path, GuestString name) {
  return plain_path_call(t, path, LastLink::follow, SYS_removexattr,
                         readable(t, name, kAttributeName).pointer());
}
CallResult sys_lremovexattr(Thread& t, GuestPath path, GuestString name) {
  return plain_path_call(t, path, LastLink::keep, SYS_lremovexattr,
                         readable(t, name, kAttributeName).pointer());
}
CallResult sys_fremovexattr(Thread& t, Fd fd, GuestString name) {
  return guest_result(host_call(SYS_fremovexattr, fd, readable(t, name, kAttributeName).pointer()));
}

}  // namespace ferry::linux
